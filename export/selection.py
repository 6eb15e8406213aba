"""Which layers are quantised: those whose error is small for the work that it saves."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir
from numpy.typing import NDArray

from export.calibration import Observation
from export.parity import open_for_parity
from export.quantization import WEIGHT, Affine, Quantizer, constant, convolutions
from export.speech import Feeds, signal_to_noise_db
from runtime.interface import GraphInterface

# Clips that layers are judged on, one group after another; ranges are measured on all.
JUDGED_CLIPS = 2
# A layer's place in the network, down to the list that a whole block of layers is one item of.
GROUP_DEPTH = 3
WEIGHT_SUFFIX = re.compile(r"\.weight$")
# A layer with less of all the work than this is left alone: those that see the tones, for one.
LEAST_SHARE_OF_WORK = 2e-4


@dataclass(frozen=True)
class Group:
    """Layers that are quantised together.

    Attributes:
        name: their common place in the network.
        nodes: names of their nodes.
        work: multiplications that they share in.
        noise: what quantising them alone adds, as a share of the signal's energy.
    """

    name: str
    nodes: tuple[str, ...]
    work: float
    noise: float


class Selection:
    """Finds the layers of one graph that can be quantised within a budget of noise."""

    def __init__(
        self,
        proto: onnx.ModelProto,
        interface: GraphInterface,
        ranges: Mapping[str, Affine],
        clips: Sequence[Feeds],
    ) -> None:
        """Args:
        proto: the float32 graph.
        interface: of the graph.
        ranges: mapping to eight bits by value name.
        clips: speech that calibration may look at.
        """
        self._proto = proto
        self._interface = interface
        self._ranges = ranges
        self._clips = clips[:JUDGED_CLIPS]
        self._references = self._run(proto.SerializeToString())

    def choose(
        self,
        observations: Mapping[str, Observation],
        target_db: float,
        announce: Callable[[str], None],
    ) -> list[Group]:
        """Takes groups in the order of noise for work while the sum of noise stays in the budget.

        Noises of groups add up, as they are nearly independent; the sum is then measured, and the
        last group given back while it falls short.

        Args:
            observations: by value name; tell how long each layer's output is.
            target_db: signal-to-noise ratio to keep.
            announce: is told each group.

        Returns:
            The groups.
        """
        groups = [self._judged(group, announce) for group in self._groups(observations)]
        budget = 10 ** (-target_db / 10)
        chosen: list[Group] = []
        for group in sorted(groups, key=lambda group: group.noise / group.work):
            if sum(taken.noise for taken in chosen) + group.noise <= budget:
                chosen.append(group)
        while chosen and self.ratio_db(self.quantized(chosen)) < target_db:
            announce(f"giving back {chosen.pop().name}")
        return chosen

    def quantized(self, groups: Sequence[Group]) -> onnx_ir.Model:
        """Quantises groups.

        Args:
            groups: of this graph.

        Returns:
            A graph of its own.
        """
        names = {name for group in groups for name in group.nodes}
        model = onnx_ir.from_proto(self._proto)
        nodes = [node for node in convolutions(model) if node.name in names]
        Quantizer(model, self._ranges).quantize(nodes)
        return model

    def ratio_db(self, model: onnx_ir.Model) -> float:
        """Measures a graph against the float32 one on the judged clips.

        Args:
            model: the graph.

        Returns:
            Signal-to-noise ratio in decibels.
        """
        return signal_to_noise_db(
            self._run(onnx_ir.to_proto(model).SerializeToString()), self._references
        )

    def _groups(self, observations: Mapping[str, Observation]) -> list[Group]:
        """Groups the layers by their place in the network, and counts their work."""
        work: dict[str, int] = {}
        groups: dict[str, list[str]] = {}
        for node in convolutions(onnx_ir.from_proto(self._proto)):
            weight, steps = node.inputs[WEIGHT], observations[str(node.outputs[0].name)].steps
            work[str(node.name)] = constant(node, WEIGHT).size * steps
            groups.setdefault(group_name(str(weight and weight.name)), []).append(str(node.name))
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

    def _judged(self, group: Group, announce: Callable[[str], None]) -> Group:
        """Measures what quantising a group alone costs."""
        ratio = self.ratio_db(self.quantized([group]))
        announce(f"{group.name} alone in int8: {ratio:.1f} dB")
        return Group(group.name, group.nodes, group.work, 10 ** (-ratio / 10))

    def _run(self, data: bytes) -> list[NDArray[np.float32]]:
        """Converts the judged clips with a graph."""
        graph = open_for_parity(data, self._interface)
        return [graph.run(**clip) for clip in self._clips]


def group_name(weight_name: str) -> str:
    """Names the group that a weight belongs to.

    Args:
        weight_name: its dotted place in the network.

    Returns:
        The beginning of it.
    """
    return ".".join(WEIGHT_SUFFIX.sub("", weight_name).split(".")[:GROUP_DEPTH])
