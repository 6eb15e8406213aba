from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import onnxruntime
import torch

from export.calibration import calibrate
from export.examples import example_arrays
from export.fidelity import open_on_cpu, signal_to_noise_db
from export.graphs import export_graph
from export.qdq import convolutions, quantize_convolutions
from runtime.interface import GraphInterface
from tests.export.toys import CONVERTER_INTERFACE, toys

INTERFACE = GraphInterface(
    "tone_converter.onnx", {"spectrogram": (None, 8, None)}, "audio", (None, 8, None)
)


class TwoConvolutions(torch.nn.Module):
    """A residual pair with a leaky ReLU between, run twice, as the flow runs both ways."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv1d(8, 16, 3, padding=1)
        self.second = torch.nn.Conv1d(16, 8, 3, padding=1)

    def forward(self, spectrogram: torch.Tensor) -> torch.Tensor:
        hidden = spectrogram
        for _ in range(2):
            inner = torch.nn.functional.leaky_relu(self.first(hidden), 0.1)
            hidden = hidden + self.second(inner)
        return hidden


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    torch.manual_seed(0)
    proto: onnx.ModelProto = onnx_ir.to_proto(export_graph(TwoConvolutions().eval(), INTERFACE, 20))
    return proto


@pytest.fixture(scope="module")
def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every convolution quantised by ranges seen on examples."""
    ranges = calibrate(model, [example_arrays(INTERFACE, 1, 99, seed) for seed in range(3)])
    return quantize_convolutions(model, [node.name for node in convolutions(model)], ranges)


def test_only_convolutions_with_constants_are_listed() -> None:
    model = onnx_ir.to_proto(export_graph(toys()[1], CONVERTER_INTERFACE, 20))
    assert sorted(node.input[1] for node in convolutions(model)) == ["pre.weight", "tones.weight"]


def test_the_quantised_graph_is_near(model: onnx.ModelProto, quantized: onnx.ModelProto) -> None:
    inputs = example_arrays(INTERFACE, 2, 50, seed=9)
    outputs = [
        open_on_cpu(each.SerializeToString(), INTERFACE).run(**inputs)
        for each in (quantized, model)
    ]
    assert 20 < signal_to_noise_db(outputs[:1], outputs[1:]) < 60


def test_a_residual_is_added_unrounded() -> None:
    network = TwoConvolutions().eval()
    torch.nn.init.zeros_(network.second.weight)
    assert network.second.bias is not None
    torch.nn.init.zeros_(network.second.bias)
    model = onnx_ir.to_proto(export_graph(network, INTERFACE, 20))
    inputs = example_arrays(INTERFACE, 1, 50)
    names = [node.name for node in convolutions(model)]
    quantized = quantize_convolutions(model, names, calibrate(model, [inputs]))
    found = open_on_cpu(quantized.SerializeToString(), INTERFACE).run(**inputs)
    np.testing.assert_array_equal(found, inputs["spectrogram"])


def test_shared_weights_are_stored_once_in_eight_bits(quantized: onnx.ModelProto) -> None:
    kept = [tensor for tensor in quantized.graph.initializer if np.prod(tensor.dims) == 8 * 16 * 3]
    assert [tensor.data_type for tensor in kept] == [onnx.TensorProto.INT8] * 2


def test_the_float32_graph_is_left_as_it_is(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    ranges = calibrate(model, [example_arrays(INTERFACE, 1, 50)])
    quantize_convolutions(model, [convolutions(model)[0].name], ranges)
    assert model.SerializeToString() == before


def test_onnx_runtime_fuses_it_into_integer_kernels(
    quantized: onnx.ModelProto, tmp_path: Path
) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        quantized.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    fused = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert fused["QLinearConv"] == 4
    assert fused["QLinearLeakyRelu"] == 2
    assert fused["Conv"] == fused["FusedConv"] == 0
