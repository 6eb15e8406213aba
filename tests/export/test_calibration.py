import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx
import onnx_ir

from export.calibration import calibrate
from export.examples import example_arrays
from export.graphs import export_graph
from tests.export.toys import CONVERTER_INTERFACE, toys


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    proto: onnx.ModelProto = onnx_ir.to_proto(export_graph(toys()[1], CONVERTER_INTERFACE, 20))
    return proto


def test_every_value_of_every_clip_counts(model: onnx.ModelProto) -> None:
    clips = [example_arrays(CONVERTER_INTERFACE, 1, frames) for frames in (70, 35)]
    clips[1]["spectrogram"] *= 3
    seen = calibrate(model, clips)["spectrogram"]
    low, high = seen.range_value
    assert low == pytest.approx(min(clip["spectrogram"].min() for clip in clips), abs=0.1)
    assert high > clips[0]["spectrogram"].max()


def test_outliers_are_clipped(model: onnx.ModelProto) -> None:
    clip = example_arrays(CONVERTER_INTERFACE, 1, 400)
    clip["spectrogram"] = np.clip(clip["spectrogram"], 0, 1)
    clip["spectrogram"][0, 0, 0] = 100
    _, high = calibrate(model, [clip])["spectrogram"].range_value
    assert 0.9 < high < 10


def test_nothing_is_printed_and_the_graph_is_left_as_it_is(
    model: onnx.ModelProto, capsys: pytest.CaptureFixture[str]
) -> None:
    before = model.SerializeToString()
    calibrate(model, [example_arrays(CONVERTER_INTERFACE, 1, 9)])
    assert model.SerializeToString() == before
    assert capsys.readouterr().out == ""
