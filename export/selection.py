"""Which layers are quantised: those whose error is small for the arithmetic that it saves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import TensorsData

from export.checks import Announce
from export.fidelity import open_on_cpu, signal_to_noise_db
from export.qdq import layers, quantize_layers
from export.upsampling import TRANSPOSED_CONVOLUTION, stride_of
from runtime.interface import GraphInterface, Inputs

# Clips that layers are judged on, one group after another; ranges are measured on all.
JUDGED_CLIPS = 2
# A layer's place in the network, down to the list that a whole block of layers is one item of.
GROUP_DEPTH = 3
# Layers with less of all multiplications than this stay in float32: those of the tones, for one.
LEAST_SHARE_OF_WORK = 2e-4


@dataclass(frozen=True)
class Group:
    """Layers that are quantised together.

    Attributes:
        name: Common place of the layers in the network.
        nodes: Names of their nodes.
        work: Multiplications that they make in a clip.
        noise: Energy of the error when they alone are quantised, as a share of the signal's.
    """

    name: str
    nodes: tuple[str, ...]
    work: float
    noise: float


class Selection:
    """Search for the layers of one graph that can be quantised within a budget of noise.

    Args:
        model: The float32 graph.
        interface: Inputs and output of the graph.
        ranges: Ranges of every layer's input and output, from `calibrate`.
        clips: Speech that calibration may look at, inputs by name, a dictionary a clip.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        interface: GraphInterface,
        ranges: TensorsData,
        clips: Sequence[Inputs],
    ) -> None:
        self._model = model
        self._interface = interface
        self._ranges = ranges
        self._clips = clips[:JUDGED_CLIPS]
        self._references = self._run(model)

    def choose(self, target_db: float, announce: Announce) -> list[Group]:
        """Take groups, least noise for their work first, while the noise stays in the budget.

        The noise of several groups is nearly the sum of theirs. It is measured at the end, and the
        last group is given back until the target is met.

        Args:
            target_db: Signal-to-noise ratio to keep, in decibels.
            announce: Receives a line about each group.

        Returns:
            The groups.
        """
        groups = [self._judged(group, announce) for group in self._groups()]
        budget = 10 ** (-target_db / 10)
        chosen: list[Group] = []
        for group in sorted(groups, key=lambda group: group.noise / group.work):
            if sum(taken.noise for taken in chosen) + group.noise <= budget:
                chosen.append(group)
        while chosen and self.ratio_db(self.quantized(chosen)) < target_db:
            announce(f"giving back {chosen.pop().name}")
        return chosen

    def quantized(self, groups: Sequence[Group]) -> onnx.ModelProto:
        """Quantise groups.

        Args:
            groups: Groups of this graph.

        Returns:
            A new graph.
        """
        names = [name for group in groups for name in group.nodes]
        return quantize_layers(self._model, names, self._ranges)

    def ratio_db(self, model: onnx.ModelProto) -> float:
        """Measure a graph against the float32 one on the judged clips.

        Args:
            model: The graph.

        Returns:
            Signal-to-noise ratio in decibels.
        """
        return signal_to_noise_db(self._run(model), self._references)

    def _groups(self) -> list[Group]:
        """Group the layers by their place in the network, and count their work."""
        shapes = {tensor.name: tensor.dims for tensor in self._model.graph.initializer}
        names = [node.output[0] for node in layers(self._model)]
        sizes = output_sizes(self._model, names, self._clips[0])
        work: dict[str, float] = {}
        groups: dict[str, list[str]] = {}
        for node in layers(self._model):
            weight = node.input[1]
            work[node.name] = sizes[node.output[0]] * multiplications(node, shapes[weight])
            groups.setdefault(group_name(weight), []).append(node.name)
        least = LEAST_SHARE_OF_WORK * sum(work.values())
        kept = {
            group: tuple(node for node in nodes if work[node] >= least)
            for group, nodes in groups.items()
        }
        return [
            Group(group, nodes, sum(work[node] for node in nodes), 0.0)
            for group, nodes in kept.items()
            if nodes
        ]

    def _judged(self, group: Group, announce: Announce) -> Group:
        """Measure the noise of quantising a group alone."""
        ratio = self.ratio_db(self.quantized([group]))
        announce(f"{group.name} alone in int8: {ratio:.1f} dB")
        return Group(group.name, group.nodes, group.work, 10 ** (-ratio / 10))

    def _run(self, model: onnx.ModelProto) -> list[NDArray[np.float32]]:
        """Convert the judged clips with a graph."""
        graph = open_on_cpu(model.SerializeToString(), self._interface)
        return [graph.run(**clip) for clip in self._clips]


def output_sizes(model: onnx.ModelProto, names: Sequence[str], clip: Inputs) -> dict[str, int]:
    """Count the numbers in values of a graph by running it.

    Args:
        model: The graph, left as it is.
        names: Names of the values.
        clip: Inputs by name.

    Returns:
        Count by name.
    """
    counted = onnx.ModelProto()
    counted.CopyFrom(model)
    sizes = [f"{name}.size" for name in names]
    for name, size in zip(names, sizes, strict=True):
        counted.graph.node.append(onnx.helper.make_node("Size", [name], [size], name=size))
        output = onnx.helper.make_tensor_value_info(size, onnx.TensorProto.INT64, [])
        counted.graph.output.append(output)
    session = onnxruntime.InferenceSession(
        counted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(sizes, clip)
    return {name: int(size) for name, size in zip(names, found, strict=True)}


def multiplications(node: onnx.NodeProto, weight_shape: Sequence[int]) -> float:
    """Count the multiplications for a number of a layer's output.

    Args:
        node: The layer.
        weight_shape: Shape of its weight.
    """
    if node.op_type == TRANSPOSED_CONVOLUTION:
        channels_in, _, kernel = weight_shape
        return channels_in * kernel / stride_of(node)
    return float(np.prod(weight_shape[1:]))


def group_name(weight_name: str) -> str:
    """Name the group that a weight belongs to.

    Args:
        weight_name: Dotted place of the weight in the network.

    Returns:
        The first parts of it.
    """
    return ".".join(weight_name.removesuffix(".weight").split(".")[:GROUP_DEPTH])
