from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import onnxruntime
import torch

from export import parity
from export.calibration import best_range, observe
from export.graphs import example_inputs, export_graph
from export.quantization import (
    Affine,
    Quantizer,
    activation_after,
    convolutions,
    leaky_relu,
    observed_values,
    weight_scales,
)
from export.speech import signal_to_noise_db
from runtime.interface import GraphInterface

INTERFACE = GraphInterface(
    "tone_converter.onnx", {"spectrogram": (None, 8, None)}, "audio", (None, 8, None)
)


class TwoConvolutions(torch.nn.Module):
    """A residual pair with a leaky ReLU between, as the generator's blocks have it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv1d(8, 16, 3, padding=1)
        self.second = torch.nn.Conv1d(16, 8, 3, padding=1)

    def forward(self, spectrogram: torch.Tensor) -> torch.Tensor:
        inner = torch.nn.functional.leaky_relu(self.first(spectrogram), 0.1)
        moved: torch.Tensor = spectrogram + self.second(inner)
        return moved


@pytest.fixture
def model() -> onnx_ir.Model:
    torch.manual_seed(0)
    return export_graph(TwoConvolutions().eval(), INTERFACE, 20)


def quantized(model: onnx_ir.Model) -> onnx_ir.Model:
    """Quantise both convolutions by ranges seen on examples."""
    nodes = convolutions(model)
    clips = [
        {name: tensor.numpy() for name, tensor in example_inputs(INTERFACE, 1, 99, seed).items()}
        for seed in range(3)
    ]
    seen = observe(model, observed_values(nodes), clips)
    ranges = {name: best_range(observation.values) for name, observation in seen.items()}
    result = onnx_ir.from_proto(onnx_ir.to_proto(model))
    Quantizer(result, ranges).quantize(convolutions(result))
    return result


def test_zero_is_always_exact() -> None:
    for low, high in ((-1.0, 3.0), (0.5, 2.0), (-3.0, -1.0), (0.0, 0.0)):
        assert Affine.covering(low, high).rounded(np.zeros(1)) == 0


def test_rounding_errs_by_half_a_step_and_clips() -> None:
    affine = Affine.covering(-1.0, 1.55)
    values = np.linspace(-1.0, 1.55, 1000)
    assert np.abs(affine.rounded(values) - values).max() <= affine.scale / 2 + 1e-9
    assert affine.rounded(np.array([99.0])) == pytest.approx(1.55)


def test_outliers_are_clipped_where_that_errs_less() -> None:
    values = np.random.default_rng(0).normal(0, 1, 200_000).astype(np.float32)
    values[0] = 12.0
    chosen, full = best_range(values), Affine.covering(float(values.min()), 12.0)
    errors = [
        float(np.square(affine.rounded(values.astype(np.float64)) - values).sum())
        for affine in (chosen, full)
    ]
    assert errors[0] < errors[1]


def test_the_negative_side_counts_less_before_a_leaky_relu(model: onnx_ir.Model) -> None:
    activation = activation_after(convolutions(model)[0])
    assert activation is not None
    function = leaky_relu(activation)
    assert function(np.array([-1.0, 2.0])) == pytest.approx([-0.1, 2.0])
    values = np.random.default_rng(0).normal(0, 1, 5000).astype(np.float32)
    assert best_range(values, function).zero_point < best_range(values).zero_point
    assert activation_after(convolutions(model)[1]) is None


def test_the_largest_weight_of_each_channel_just_fits() -> None:
    weight = np.array([[[0.5, -1.27]], [[0.0, 0.0]]], np.float32)
    assert weight_scales(weight) == pytest.approx([0.01, 1.0])


def test_the_quantised_graph_is_near_and_a_quarter_of_the_weights(model: onnx_ir.Model) -> None:
    small = quantized(model)
    inputs = example_inputs(INTERFACE, 2, 50, seed=9)
    outputs = [
        parity.run_graph(
            parity.open_for_parity(onnx_ir.to_proto(each).SerializeToString(), INTERFACE), inputs
        )
        for each in (small, model)
    ]
    assert 25 < signal_to_noise_db(outputs[:1], outputs[1:]) < 60
    kinds = {name: value.dtype for name, value in small.graph.initializers.items()}
    assert kinds["first.weight.levels"] == kinds["second.weight.levels"] == onnx_ir.DataType.INT8
    assert not {"first.weight", "second.weight", "first.bias"} & kinds.keys()


def test_onnx_runtime_fuses_it_into_integer_kernels(model: onnx_ir.Model, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        onnx_ir.to_proto(quantized(model)).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    fused = Counter(node.op_type for node in onnx_ir.load(tmp_path / "optimised.onnx").graph)
    assert fused["QLinearConv"] == 2
    assert fused["QLinearLeakyRelu"] == 1
    assert fused["Conv"] == fused["FusedConv"] == 0
