"""Ranges of a graph's values, measured on speech and chosen by least squared error."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from export.calibration_speech import Feeds
from export.qdq import Range

# A prime, so that the values kept fall on every phase of an upsampling layer's output.
SAMPLE_STRIDE = 7
VALUES_KEPT = 1024
RANGE_SHARES = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.44, 0.36)
LEVELS = 255


@dataclass(frozen=True)
class Observation:
    """What was seen of a value.

    Attributes:
        values: Random sample of its numbers, with the lowest and the highest of each clip.
        steps: Length of its last axis, summed over the clips.
    """

    values: NDArray[np.float32]
    steps: int


def observe(
    model: onnx.ModelProto, names: Sequence[str], clips: Sequence[Feeds]
) -> dict[str, Observation]:
    """Run a graph on clips and sample chosen values.

    Args:
        model: The graph, left as it is.
        names: Names of the values, each [batch, channels, steps].
        clips: Inputs by name, a dictionary a clip.

    Returns:
        What was seen, by name.
    """
    session = onnxruntime.InferenceSession(
        _with_strided_outputs(model, names).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    random = np.random.default_rng(0)
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    steps = dict.fromkeys(names, 0)
    for clip in clips:
        for name, found in zip(names, session.run([_strided(n) for n in names], clip), strict=True):
            flat = found.reshape(-1)
            chosen = random.integers(0, flat.size, VALUES_KEPT - 2)
            kept[name].append(np.concatenate([flat[chosen], [flat.min(), flat.max()]]))
            steps[name] += SAMPLE_STRIDE * found.shape[2]
    return {name: Observation(np.concatenate(kept[name]), steps[name]) for name in names}


def _strided(name: str) -> str:
    """Name the output that shows every so many steps of a value."""
    return f"{name}.strided"


def _with_strided_outputs(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """Copy a graph with one more output a value: every so many steps of its last axis."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    graph = watched.graph
    bounds = {"start": 0, "stop": 2**31, "axis": 2, "step": SAMPLE_STRIDE}
    for label, number in bounds.items():
        graph.initializer.append(
            onnx.numpy_helper.from_array(np.array([number], np.int64), f"strided.{label}")
        )
    for name in names:
        inputs = [name, *(f"strided.{label}" for label in bounds)]
        output = _strided(name)
        graph.node.append(onnx.helper.make_node("Slice", inputs, [output], name=output))
        graph.output.append(
            onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)
        )
    return watched


def best_range(values: NDArray[np.float32], slope: float = 1.0) -> Range:
    """Choose the range whose rounding and clipping to eight bits leave the least squared error.

    Args:
        values: Sample of the numbers that will be rounded.
        slope: What a leaky ReLU multiplies negative numbers by before they are used; 1 where none
            follows.

    Returns:
        The lowest and the highest number that is not clipped.
    """
    sample = values.astype(np.float64)
    importance = np.where(sample < 0, slope, 1.0)
    low, high = min(float(sample.min()), 0.0), max(float(sample.max()), 0.0)

    def error(candidate: Range) -> float:
        difference = (rounded(sample, candidate) - sample) * importance
        return float(difference @ difference)

    lows = [share * low for share in RANGE_SHARES] if low < 0 else [0.0]
    highs = [share * high for share in RANGE_SHARES] if high > 0 else [0.0]
    return min(itertools.product(lows, highs), key=error)


def rounded(values: NDArray[np.float64], limits: Range) -> NDArray[np.float64]:
    """Round values to the 256 levels that spread evenly over a range and hold zero exactly.

    Args:
        values: Numbers, any shape.
        limits: Lowest number, not above zero, and highest, not below zero.

    Returns:
        The numbers as they come back from eight bits, the same shape.
    """
    low, high = limits
    scale = (high - low) / LEVELS or 1.0
    zero_point = round(-low / scale)
    levels = (np.rint(values / scale) + zero_point).clip(0, LEVELS)
    result: NDArray[np.float64] = (levels - zero_point) * scale
    return result
