from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from benchmarks.naive_export import export_naively
from export.calibration import calibrate
from export.examples import example_arrays
from export.fidelity import open_on_cpu, signal_to_noise_db
from export.networks.generator import Generator
from export.qdq import layers, quantize_layers
from export.upsampling import upsamplings
from runtime.interface import GraphInterface

CHANNELS, CHANNELS_OUT = 8, 6
INTERFACE = GraphInterface(
    "tone_converter.onnx",
    {"spectrogram": (None, CHANNELS, None)},
    "audio",
    (None, CHANNELS_OUT, None),
)


def upsampling(kernel: int, bias: bool = True, **attributes: Any) -> onnx.ModelProto:
    """A graph of one transposed convolution with drawn weights."""
    generator = np.random.default_rng(kernel)
    shape = (CHANNELS, CHANNELS_OUT // attributes.get("group", 1), kernel)
    weights = {"weight": generator.normal(size=shape)}
    if bias:
        weights["bias"] = generator.normal(size=CHANNELS_OUT)
    sides = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, length])
        for name, channels, length in [
            ("spectrogram", CHANNELS, "frames"),
            ("audio", CHANNELS_OUT, "samples"),
        ]
    ]
    node = helper.make_node(
        "ConvTranspose", ["spectrogram", *weights], ["audio"], name="up", **attributes
    )
    tensors = [
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()
    ]
    graph = helper.make_graph([node], "upsampling", sides[:1], sides[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def quantized(model: onnx.ModelProto, interface: GraphInterface = INTERFACE) -> onnx.ModelProto:
    """The graph with every upsampling, and every convolution but the outer ones, in int8."""
    ranges = calibrate(model, [example_arrays(interface, 1, 99, seed) for seed in range(2)])
    names = [node.name for node in layers(model) if "conv_p" not in node.input[1]]
    return quantize_layers(model, names, ranges)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(16, 8, 4), (4, 2, 1), (9, 3, 1), (4, 4, 0), (2, 1, 0)]
)
def test_every_sample_is_near(kernel: int, stride: int, padding: int) -> None:
    model = upsampling(kernel, strides=[stride], pads=[padding, padding])
    found = quantized(model)
    assert "ConvTranspose" not in {node.op_type for node in found.graph.node}
    for batch, frames in [(1, 2), (3, 7)]:
        inputs = example_arrays(INTERFACE, batch, frames, seed=9)
        outputs = [
            open_on_cpu(each.SerializeToString(), INTERFACE).run(**inputs)
            for each in (found, model)
        ]
        assert outputs[0].shape == outputs[1].shape
        assert signal_to_noise_db(outputs[:1], outputs[1:]) > 35
        error = np.abs(outputs[0] - outputs[1]).max()
        assert error < 0.03 * np.abs(outputs[1]).max()


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (5, {"strides": [2]}),
        (4, {"strides": [2], "output_padding": [1]}),
        (4, {"strides": [2], "group": 2}),
        (4, {"strides": [2], "dilations": [2]}),
        (4, {"strides": [2], "pads": [2, 0]}),
        (4, {"strides": [2], "auto_pad": "SAME_UPPER"}),
        (4, {"strides": [2], "bias": False}),
    ],
)
def test_others_are_not_listed(kernel: int, options: dict[str, Any]) -> None:
    assert upsamplings(upsampling(kernel, **options)) == []


def test_weights_are_stored_in_eight_bits_only() -> None:
    model = upsampling(4, strides=[2], pads=[1, 1])
    before = model.SerializeToString()
    found = quantized(model)
    large = [tensor for tensor in found.graph.initializer if np.prod(tensor.dims) == 8 * 6 * 4]
    assert [tensor.data_type for tensor in large] == [TensorProto.INT8]
    onnx.checker.check_model(found, full_check=True)
    assert model.SerializeToString() == before


def test_nothing_is_transposed_within_a_generator(tmp_path: Path) -> None:
    torch.manual_seed(0)
    interface = GraphInterface(
        "tone_converter.onnx", {"spectrogram": (None, CHANNELS, None)}, "audio", (None, 1, None)
    )
    network = Generator(CHANNELS, 64, (8, 2), (16, 4), (3, 5), ((1, 3), (1, 3)), None).eval()
    model = onnx.load_from_string(export_naively(network, interface))
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        quantized(model, interface).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    assert found["QLinearConv"] == 2 * 2 * 4
    assert found["MatMulIntegerToFloat"] == 2
    assert found["ConvTranspose"] == 0
    # one before the first upsampling and one before the last convolution, which stay in float32
    assert found["Transpose"] == 2
