"""The pouring plan: which of a checkpoint's tensors, folded how, make each weight of a graph."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.install.errors import InvalidCheckpoint
from runtime.install.folding import normalised_weight

PLAN = "plan.json"
NUMBER_BYTES = 4

_TERM = re.compile(r"([^\[\]]+)(?:\[(\d+):(\d+)\])?")

Weight = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How a weight is made: parts joined along the first axis, each a sum of terms.

    Args:
        parts: Terms of each part: a tensor's name, or `name[start:stop]` for some of its rows. A
            name that the checkpoint stores as gain and direction stands for their product.
    """

    parts: tuple[tuple[str, ...], ...]

    def tensors(self) -> set[str]:
        """List the tensors that it takes, by name."""
        return {_split(term)[0] for part in self.parts for term in part}


@dataclass(frozen=True)
class Plan:
    """What is poured where, and what else is known of a model.

    Args:
        manifest: Fields of the bundle's manifest that any checkpoint of this network shares.
        config: Fields of the official config.json that the network depends on.
        shapes: Shape by name of every tensor that a checkpoint holds.
        weights: By graph file and weight.
    """

    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]
    weights: Mapping[str, Mapping[str, Recipe]]

    @property
    def tensor_bytes(self) -> int:
        """Size of a checkpoint's tensors."""
        return sum(math.prod(shape) for shape in self.shapes.values()) * NUMBER_BYTES

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """Read the plan beside the skeletons in a folder."""
        content = json.loads((folder / PLAN).read_text("utf-8"))
        return cls(
            content["manifest"],
            content["config"],
            {name: tuple(shape) for name, shape in content["shapes"].items()},
            {
                graph: {
                    name: Recipe(tuple(tuple(part) for part in parts))
                    for name, parts in weights.items()
                }
                for graph, weights in content["weights"].items()
            },
        )

    def write(self, folder: Path) -> None:
        """Write the plan beside the skeletons in a folder."""
        content = {
            "manifest": self.manifest,
            "config": self.config,
            "shapes": self.shapes,
            "weights": {
                graph: {name: recipe.parts for name, recipe in weights.items()}
                for graph, weights in self.weights.items()
            },
        }
        text = json.dumps(content, indent=1)
        # a list of numbers or of text on one line: the file is read by people, too
        text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: _one_line(match[1]), text)
        (folder / PLAN).write_text(text + "\n", "utf-8")


class Folding:
    """Makes weights of a checkpoint's tensors.

    Args:
        shapes: Of every tensor, by name.
        tensor: Reads one by name.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], tensor: Callable[[str], Weight]
    ) -> None:
        self._shapes = shapes
        self._tensor = tensor

    def weight(self, recipe: Recipe) -> Weight:
        """Make a weight.

        Args:
            recipe: How.

        Returns:
            Its numbers in order; the skeleton says how they are shaped.
        """
        parts = [self._sum(part) for part in recipe.parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def stored(self, name: str) -> tuple[str, ...]:
        """List the tensors that the checkpoint stores a name as: itself, or gain and direction."""
        return (name,) if name in self._shapes else (f"{name}_g", f"{name}_v")

    def _sum(self, terms: tuple[str, ...]) -> Weight:
        total = self._term(terms[0])
        for term in terms[1:]:
            total = total + self._term(term)
        return total

    def _term(self, term: str) -> Weight:
        name, rows = _split(term)
        stored = [self._tensor(each) for each in self.stored(name)]
        if len(stored) == 1:
            return stored[0][rows]
        try:
            return normalised_weight(*stored)[rows]
        except ZeroDivisionError as error:
            raise InvalidCheckpoint(f"{name}_v", str(error)) from error


def _split(term: str) -> tuple[str, slice]:
    """Part a term into a tensor's name and its rows."""
    match = _TERM.fullmatch(term)
    if match is None:
        raise ValueError(f"{term!r} is no term of a plan")
    name, start, stop = match.groups()
    return name, slice(None) if start is None else slice(int(start), int(stop))


def _one_line(items: str) -> str:
    return "[" + re.sub(r"\s*\n\s*", " ", items) + "]"
