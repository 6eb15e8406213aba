"""Upsampling convolutions in int8, as matrix products whose rows hold one step's output samples.

A transposed convolution whose kernel is a multiple of its stride makes `stride` samples of each
step's input and of the inputs just before it. With channels last, these samples are one row of a
matrix product, and reading the rows one after another puts them in order: nothing is moved. ONNX
Runtime fuses the product with its QDQ pairs into one integer kernel with a float32 result, so the
samples are not rounded.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

TRANSPOSED_CONVOLUTION = "ConvTranspose"
# Largest magnitude of a signed eight-bit weight, and the number of steps of an activation.
WEIGHT_LEVELS, ACTIVATION_LEVELS = 127, 255
END = np.iinfo(np.int64).max


def upsamplings(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """List the transposed convolutions that can be quantised.

    Args:
        model: The float32 graph.

    Returns:
        Nodes over time with constant weight and bias, one group, no dilation, equal padding on both
        sides, and a kernel that is a multiple of the stride.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    return [
        node
        for node in model.graph.node
        if node.op_type == TRANSPOSED_CONVOLUTION
        and len(node.input) == 3
        and weights.keys() >= set(node.input[1:])
        and _is_plain(node, weights[node.input[1]].dims)
    ]


def stride_of(node: onnx.NodeProto) -> int:
    """Read the stride of a convolution over time.

    Args:
        node: The convolution.
    """
    strides: list[int] = _attributes(node).get("strides", [1])
    return strides[0]


def quantize_upsamplings(
    model: onnx.ModelProto, input_ranges: Mapping[str, tuple[float, float]]
) -> None:
    """Quantise upsampling convolutions in place.

    Args:
        model: The graph, which is changed.
        input_ranges: Least and largest value of the input of each node to quantise, by the node's
            name; `upsamplings` lists the nodes that can be.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.name not in input_ranges:
            nodes.append(node)
            continue
        product = _Product(node, weights)
        nodes += product.nodes(*input_ranges[node.name])
        model.graph.initializer.extend(product.constants)
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Product:
    """The matrix product that replaces one upsampling convolution.

    Args:
        node: The convolution.
        weights: Constants of the graph by name.

    Attributes:
        constants: Constants of the new nodes.
    """

    def __init__(self, node: onnx.NodeProto, weights: dict[str, onnx.TensorProto]) -> None:
        self._node = node
        self._stride = stride_of(node)
        weight = numpy_helper.to_array(weights[node.input[1]])
        self._outputs = weight.shape[1]
        self._taps = weight.shape[2] // self._stride
        self._matrix = _matrix(weight, self._stride)
        self._bias = np.tile(numpy_helper.to_array(weights[node.input[2]]), self._stride)
        self.constants: list[onnx.TensorProto] = []
        self._nodes: list[onnx.NodeProto] = []

    def nodes(self, low: float, high: float) -> list[onnx.NodeProto]:
        """Make the nodes.

        Args:
            low: Least value of the input.
            high: Largest value of the input.

        Returns:
            Nodes from the convolution's input to its output.
        """
        low, high = min(float(low), 0.0), max(float(high), 0.0)
        step = np.float32((high - low) / ACTIVATION_LEVELS or 1.0)
        scale = self._constant("scale", step)
        zero = self._constant("zero_point", np.uint8(round(-low / step)))
        levels = self._add("QuantizeLinear", [self._node.input[0], scale, zero], "levels")
        rows = self._add("Transpose", [levels], "rows", perm=[0, 2, 1])
        beyond = self._taps - 1
        pads = self._constant("pads", np.array([0, beyond, 0, 0, beyond, 0]))
        padded = self._add("Pad", [rows, pads, zero], "padded")
        taps = [self._cut(padded, f"tap_{tap}", tap, tap - beyond) for tap in range(self._taps)]
        seen = self._add("Concat", taps, "seen", axis=2)
        seen = self._add("DequantizeLinear", [seen, scale, zero], "seen_values")
        product = self._add("MatMul", [seen, self._weight()], "product")
        biased = self._add("Add", [product, self._constant("bias", self._bias)], "biased")
        shape = self._constant("shape", np.array([0, -1, self._outputs]))
        samples = self._add("Reshape", [biased, shape], "samples")
        padding = _attributes(self._node)["pads"][0]
        if padding:
            samples = self._cut(samples, "kept", padding, -padding)
        self._nodes.append(
            helper.make_node(
                "Transpose",
                [samples],
                list(self._node.output),
                name=self._named("channels"),
                perm=[0, 2, 1],
            )
        )
        return self._nodes

    def _weight(self) -> str:
        """Store the matrix in eight bits, with a scale a column."""
        scales = np.abs(self._matrix).max(axis=0) / WEIGHT_LEVELS
        scales = np.where(scales == 0, 1, scales).astype(np.float32)
        levels = np.round(self._matrix / scales).astype(np.int8)
        inputs = [
            self._constant("weight", levels),
            self._constant("weight_scale", scales),
            self._constant("weight_zero_point", np.zeros_like(scales, np.int8)),
        ]
        return self._add("DequantizeLinear", inputs, "weight_values", axis=1)

    def _cut(self, value: str, name: str, start: int, end: int) -> str:
        """Keep the steps from `start` to `end`, which counts from the last one; 0 keeps it."""
        inputs = [
            value,
            self._constant(f"{name}_start", np.array([start])),
            self._constant(f"{name}_end", np.array([end or END])),
            self._constant(f"{name}_axis", np.array([1])),
        ]
        return self._add("Slice", inputs, name)

    def _add(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = self._named(name)
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), self._named(name)))
        return self._named(name)

    def _named(self, name: str) -> str:
        return f"{self._node.name}.{name}"


def _matrix(weight: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """Order a weight for the product.

    Args:
        weight: [channels in, channels out, kernel].
        stride: Samples that a step makes.

    Returns:
        [taps * channels in, stride * channels out], the earliest step first in the rows.
    """
    channels_in, channels_out, kernel = weight.shape
    taps = weight.reshape(channels_in, channels_out, kernel // stride, stride)[:, :, ::-1]
    return taps.transpose(2, 0, 3, 1).reshape(-1, stride * channels_out)


def _is_plain(node: onnx.NodeProto, dims: Collection[int]) -> bool:
    """Whether a transposed convolution is one that `quantize_upsamplings` can write."""
    found = _attributes(node)
    *_, kernel = dims
    pads = found.get("pads", [0, 0])
    return (
        len(dims) == 3
        and found.get("group", 1) == 1
        and found.get("dilations", [1]) == [1]
        and found.get("output_padding", [0]) == [0]
        and "output_shape" not in found
        and found.get("auto_pad", b"NOTSET") == b"NOTSET"
        and pads[0] == pads[1]
        and kernel % stride_of(node) == 0
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Read the attributes of a node by name."""
    return {field.name: helper.get_attribute_value(field) for field in node.attribute}
