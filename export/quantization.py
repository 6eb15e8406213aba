"""Static int8: chosen convolutions with eight-bit inputs, weights and outputs, in QDQ form.

ONNX Runtime fuses each quantised convolution at load into one integer kernel, and a leaky ReLU
between two of them into a look-up table. Whatever is added up stays in float32.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir
from numpy.typing import NDArray
from onnx_ir.passes.common import RemoveUnusedNodesPass

ACTIVATION_LEVELS = 255
WEIGHT_LIMIT = 127
LEAKY_RELU = "LeakyRelu"
# Inputs of a convolution.
WEIGHT, BIAS = 1, 2

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Affine:
    """Eight unsigned bits for a range of numbers: `value = scale * (level - zero_point)`."""

    scale: float
    zero_point: int

    @classmethod
    def covering(cls, low: float, high: float) -> "Affine":
        """Spreads the levels over a range, widened to hold zero exactly.

        Args:
            low: least number that should not be clipped.
            high: greatest.

        Returns:
            The mapping.
        """
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / ACTIVATION_LEVELS or 1.0
        return cls(scale, round(-low / scale))

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gives values as they come back from eight bits.

        Args:
            values: any shape.

        Returns:
            The same shape.
        """
        levels = np.rint(values / self.scale) + self.zero_point
        clipped: NDArray[np.float64] = levels.clip(0, ACTIVATION_LEVELS)
        return (clipped - self.zero_point) * self.scale


def convolutions(model: onnx_ir.Model) -> list[onnx_ir.Node]:
    """Lists the convolutions that can be quantised: over time, ungrouped, weights fixed.

    Args:
        model: the graph.

    Returns:
        Nodes in order.
    """
    return [
        node
        for node in model.graph
        if node.op_type == "Conv"
        and node.attributes.get_int("group", 1) == 1
        and len(node.inputs) == 3
        and all(value is not None and value.is_initializer() for value in node.inputs[1:])
    ]


def activation_after(node: onnx_ir.Node) -> onnx_ir.Node | None:
    """Finds the leaky ReLU that alone uses a convolution's output.

    Args:
        node: the convolution.

    Returns:
        The activation, or None.
    """
    users = node.outputs[0].consumers()
    if len(users) == 1 and users[0].op_type == LEAKY_RELU:
        return users[0]
    return None


def leaky_relu(node: onnx_ir.Node) -> Function:
    """Gives what a leaky ReLU computes.

    Args:
        node: the activation.

    Returns:
        The function.
    """
    slope = node.attributes.get_float("alpha", 0.01)
    return lambda values: np.where(values >= 0, values, slope * values)


def observed_values(nodes: Collection[onnx_ir.Node]) -> list[onnx_ir.Value]:
    """Lists the values whose ranges must be known to quantise convolutions.

    Args:
        nodes: the convolutions.

    Returns:
        Their inputs and outputs, each once.
    """
    values: dict[str, onnx_ir.Value] = {}
    for node in nodes:
        for value in (node.inputs[0], node.outputs[0]):
            if value is not None:
                values[str(value.name)] = value
    return list(values.values())


class Quantizer:
    """Quantises convolutions of one graph, in place."""

    def __init__(self, model: onnx_ir.Model, ranges: Mapping[str, Affine]) -> None:
        """Args:
        model: changed by every call.
        ranges: mapping by value name, for inputs and outputs of what will be quantised.
        """
        self._model = model
        self._graph = model.graph
        self._ranges = dict(ranges)
        self._rounded: dict[str, onnx_ir.Value] = {}

    def quantize(self, nodes: Collection[onnx_ir.Node]) -> None:
        """Puts quantised stretches around convolutions.

        Args:
            nodes: convolutions of this graph.
        """
        for node in nodes:
            weight_scale = self._quantize_weight(node)
            source, output = node.inputs[0], node.outputs[0]
            if source is None:
                raise ValueError(f"{node.name} has no input")
            self._quantize_bias(node, weight_scale * self._ranges[str(source.name)].scale)
            node.replace_input_with(0, self._round(source))
            if str(output.name) not in self._rounded:
                uses = list(output.uses())
                rounded = self._round(output)
                for use in uses:
                    use.node.replace_input_with(use.idx, rounded)
        RemoveUnusedNodesPass()(self._model)

    def _round(self, value: onnx_ir.Value) -> onnx_ir.Value:
        """Gives a value's way through eight bits and back, made once."""
        name = str(value.name)
        if name not in self._rounded:
            affine = self._ranges[name]
            scale = self._constant(f"{name}.scale", np.float32(affine.scale))
            zero = self._constant(f"{name}.zero_point", np.uint8(affine.zero_point))
            levels = onnx_ir.node("QuantizeLinear", [value, scale, zero], name=f"{name}.quantize")
            back = onnx_ir.node(
                "DequantizeLinear", [levels.outputs[0], scale, zero], name=f"{name}.dequantize"
            )
            levels.outputs[0].name, back.outputs[0].name = f"{name}.levels", f"{name}.rounded"
            self._insert_after(value, [levels, back])
            self._rounded[name] = self._rounded[f"{name}.rounded"] = back.outputs[0]
            self._ranges[f"{name}.rounded"] = affine
        return self._rounded[name]

    def _insert_after(self, value: onnx_ir.Value, nodes: list[onnx_ir.Node]) -> None:
        """Places nodes behind what makes a value."""
        producer = value.producer()
        if producer is None:
            self._graph.insert_before(self._graph[0], nodes)
        else:
            self._graph.insert_after(producer, nodes)

    def _quantize_weight(self, node: onnx_ir.Node) -> NDArray[np.float32]:
        """Replaces a weight by signed bytes with a scale a channel, which is returned."""
        weight = constant(node, WEIGHT)
        value = node.inputs[WEIGHT]
        name = str(value and value.name)
        scale = weight_scales(weight)
        shaped = scale.reshape(-1, *(1 for _ in weight.shape[1:]))
        levels = np.rint(weight / shaped).clip(-WEIGHT_LIMIT, WEIGHT_LIMIT).astype(np.int8)
        self._dequantized_constant(node, WEIGHT, name, levels, scale)
        return scale

    def _quantize_bias(self, node: onnx_ir.Node, scale: NDArray[np.float32]) -> None:
        """Replaces a bias by what the integer kernel adds to its sums."""
        levels = np.rint(constant(node, BIAS) / scale).astype(np.int32)
        self._dequantized_constant(node, BIAS, f"{node.name}.bias", levels, scale)

    def _dequantized_constant(
        self,
        node: onnx_ir.Node,
        place: int,
        name: str,
        levels: NDArray[np.int8] | NDArray[np.int32],
        scale: NDArray[np.float32],
    ) -> None:
        """Makes an input of a node a constant of integers, scaled along the first axis."""
        rounded = self._rounded.get(f"{name}.constant")
        if rounded is None:
            stored = self._constant(f"{name}.levels", levels)
            scales = self._constant(f"{name}.scales", scale)
            zeros = self._constant(f"{name}.zero_points", np.zeros(len(scale), levels.dtype))
            back = onnx_ir.node(
                "DequantizeLinear", [stored, scales, zeros], {"axis": 0}, name=f"{name}.dequantize"
            )
            rounded = back.outputs[0]
            rounded.name = f"{name}.rounded"
            self._graph.insert_before(self._graph[0], back)
            self._rounded[f"{name}.constant"] = rounded
        node.replace_input_with(place, rounded)

    def _constant(self, name: str, array: NDArray[np.generic] | np.generic) -> onnx_ir.Value:
        """Adds an initializer."""
        tensor = onnx_ir.tensor(np.asarray(array), name=name)
        value = onnx_ir.Value(
            name=name,
            shape=onnx_ir.Shape(np.shape(array)),
            type=onnx_ir.TensorType(tensor.dtype),
            const_value=tensor,
        )
        self._graph.register_initializer(value)
        return value


def weight_scales(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Chooses a scale a channel that lets its largest weight just fit.

    Args:
        weight: [channels, ...].

    Returns:
        [channels]
    """
    largest = np.abs(weight).reshape(len(weight), -1).max(1)
    return np.where(largest > 0, largest / WEIGHT_LIMIT, 1.0).astype(np.float32)


def constant(node: onnx_ir.Node, place: int) -> NDArray[np.float32]:
    """Reads a constant input of a node.

    Args:
        node: the node.
        place: which input.

    Returns:
        Its value.
    """
    value = node.inputs[place]
    if value is None or value.const_value is None:
        raise ValueError(f"{node.name}: input {place} is no constant")
    array: NDArray[np.float32] = value.const_value.numpy()
    return array
