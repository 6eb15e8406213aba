import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx
import onnx_ir

from export.calibration import SAMPLE_STRIDE, VALUES_KEPT, best_range, observe, rounded
from export.examples import example_arrays
from export.graphs import export_graph
from tests.export.toys import CONVERTER_INTERFACE, toys


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    proto: onnx.ModelProto = onnx_ir.to_proto(export_graph(toys()[1], CONVERTER_INTERFACE, 20))
    return proto


def test_values_are_sampled_on_every_clip(model: onnx.ModelProto) -> None:
    clips = [example_arrays(CONVERTER_INTERFACE, 1, frames) for frames in (70, 35)]
    seen = observe(model, ["spectrogram"], clips)["spectrogram"]
    assert seen.values.shape == (2 * VALUES_KEPT,)
    assert seen.steps == 105
    thinned = clips[0]["spectrogram"][:, :, ::SAMPLE_STRIDE]
    assert seen.values[:VALUES_KEPT].max() == thinned.max()
    assert np.isin(seen.values[:VALUES_KEPT], thinned).all()


def test_the_graph_is_left_as_it_is(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    observe(model, ["spectrogram"], [example_arrays(CONVERTER_INTERFACE, 1, 9)])
    assert model.SerializeToString() == before


def test_zero_is_always_exact() -> None:
    for low, high in ((-1.0, 3.0), (0.0, 2.0), (-3.0, 0.0), (0.0, 0.0)):
        assert rounded(np.zeros(1), (low, high)) == 0


def test_rounding_errs_by_half_a_step_and_clips() -> None:
    limits = (-1.0, 1.55)
    values = np.linspace(*limits, 1000)
    assert np.abs(rounded(values, limits) - values).max() <= 2.55 / 255 / 2 + 1e-9
    assert rounded(np.array([99.0]), limits) == pytest.approx(1.55)


def test_outliers_are_clipped_where_that_errs_less() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200_000).astype(np.float32)
    values[0] = 12.0
    full = (float(values.min()), 12.0)
    errors = [
        float(np.square(rounded(values.astype(np.float64), limits) - values).sum())
        for limits in (best_range(values), full)
    ]
    assert errors[0] < errors[1]


def test_the_negative_side_is_clipped_sooner_before_a_leaky_relu() -> None:
    values = np.random.default_rng(0).normal(0, 1, 5000).astype(np.float32)
    assert best_range(values, 0.1)[0] > best_range(values)[0]
