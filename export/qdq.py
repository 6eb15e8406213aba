"""Convolutions in int8, written as QDQ pairs by ONNX Runtime's own quantiser.

A QDQ pair is a QuantizeLinear and a DequantizeLinear. When ONNX Runtime loads the graph it fuses
each convolution between two pairs into one integer kernel, and a leaky ReLU between two such
convolutions into a look-up table. Additions stay in float32.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationMethod,
    QDQQuantizer,
    QuantType,
    TensorData,
    TensorsData,
)

CONVOLUTION, LEAKY_RELU = "Conv", "LeakyRelu"
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
DEFAULT_SLOPE = 0.01

Range: TypeAlias = tuple[float, float]


def convolutions(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """List the convolutions that can be quantised: ungrouped, with constant weight and bias.

    Args:
        model: The float32 graph.

    Returns:
        Their nodes, in the graph's order.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type == CONVOLUTION
        and _attribute(node, "group", 1) == 1
        and len(node.input) == 3
        and constants.issuperset(node.input[1:])
    ]


def slopes_after(model: onnx.ModelProto) -> dict[str, float]:
    """Find the values that only a leaky ReLU reads.

    Args:
        model: The float32 graph.

    Returns:
        The negative slope of the leaky ReLU, by the name of the value.
    """
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return {
        name: _attribute(nodes[0], "alpha", DEFAULT_SLOPE)
        for name, nodes in readers.items()
        if len(nodes) == 1 and nodes[0].op_type == LEAKY_RELU
    }


def _attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    """Read a number from a node's attributes."""
    for attribute in node.attribute:
        if attribute.name == name:
            value: float = onnx.helper.get_attribute_value(attribute)
            return value
    return default


def quantize_convolutions(
    model: onnx.ModelProto, node_names: Collection[str], ranges: Mapping[str, Range]
) -> onnx.ModelProto:
    """Quantise convolutions: unsigned activations, signed weights with a scale a channel.

    Args:
        model: The float32 graph, left as it is.
        node_names: Names of the convolutions.
        ranges: Lowest and highest value by name, for the inputs and outputs of the convolutions.

    Returns:
        A new graph.
    """
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(
            CalibrationMethod.MinMax,
            {
                name: TensorData(lowest=np.float32(low), highest=np.float32(high))
                for name, (low, high) in ranges.items()
            },
        ),
        nodes_to_quantize=list(node_names),
        nodes_to_exclude=[],
        op_types_to_quantize=[CONVOLUTION],
        extra_options={},
    )
    quantizer.quantize_model()
    _restore_inputs(quantizer.model.model, set(node_names))
    quantizer.model.topological_sort()
    quantized: onnx.ModelProto = quantizer.model.model
    return quantized


def _restore_inputs(model: onnx.ModelProto, quantized: Collection[str]) -> None:
    """Give the nodes that read a convolution's input beside it the unrounded value again.

    The library makes them read the rounded one too. In a residual block that rounds the sum, layer
    after layer.
    """
    outputs = {name for node in model.graph.node if node.name in quantized for name in node.output}
    levels = {
        node.output[0]: node.input[0] for node in model.graph.node if node.op_type == QUANTIZE
    }
    unrounded = {
        node.output[0]: levels[node.input[0]]
        for node in model.graph.node
        if node.op_type == DEQUANTIZE
        and node.input[0] in levels
        and levels[node.input[0]] not in outputs
    }
    for node in model.graph.node:
        if node.name not in quantized and node.op_type != QUANTIZE:
            for place, name in enumerate(node.input):
                node.input[place] = unrounded.get(name, name)
