"""Ranges of a graph's values, measured on speech and chosen by least squared error."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir
import onnxruntime
from numpy.typing import NDArray

from export.quantization import Affine, Function
from export.speech import Feeds

# A prime, so that the samples kept fall on every phase of what upsampling interleaves.
SAMPLE_STRIDE = 7
VALUES_KEPT = 1024
RANGE_SHARES = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52, 0.44, 0.36)


@dataclass(frozen=True)
class Observation:
    """What was seen of a value.

    Attributes:
        values: a sample of its numbers, the extremes of what was looked at among them.
        steps: the length of its last axis, over all clips.
    """

    values: NDArray[np.float32]
    steps: int


def observe(
    model: onnx_ir.Model, values: Sequence[onnx_ir.Value], clips: Sequence[Feeds]
) -> dict[str, Observation]:
    """Runs a graph on clips and looks at chosen values.

    Args:
        model: left as it is.
        values: of this graph.
        clips: inputs by name, a clip each.

    Returns:
        What was seen, by name.
    """
    names = [str(value.name) for value in values]
    watched = onnx_ir.from_proto(onnx_ir.to_proto(model))
    _add_strided_outputs(watched, names)
    session = onnxruntime.InferenceSession(
        onnx_ir.to_proto(watched).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    random = np.random.default_rng(0)
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    steps = dict.fromkeys(names, 0)
    for clip in clips:
        for name, found in zip(names, session.run([_watched(n) for n in names], clip), strict=True):
            flat = found.reshape(-1)
            chosen = random.integers(0, flat.size, VALUES_KEPT - 2)
            kept[name].append(np.concatenate([flat[chosen], [flat.min(), flat.max()]]))
            steps[name] += SAMPLE_STRIDE * found.shape[2]
    return {name: Observation(np.concatenate(kept[name]), steps[name]) for name in names}


def _watched(name: str) -> str:
    """Names the output that a value is seen through."""
    return f"{name}.watched"


def _add_strided_outputs(model: onnx_ir.Model, names: Sequence[str]) -> None:
    """Gives a graph an output a value, every so many steps of its last axis."""
    numbers = {}
    for label, number in (("start", 0), ("stop", 2**31), ("axis", 2), ("step", SAMPLE_STRIDE)):
        tensor = onnx_ir.tensor(np.array([number], np.int64), name=f"watched.{label}")
        numbers[label] = onnx_ir.Value(
            name=tensor.name,
            shape=onnx_ir.Shape([1]),
            type=onnx_ir.TensorType(onnx_ir.DataType.INT64),
            const_value=tensor,
        )
        model.graph.register_initializer(numbers[label])
    found = {str(value.name): value for value in model.graph.inputs}
    for node in model.graph:
        found |= {str(value.name): value for value in node.outputs}
    for name in names:
        node = onnx_ir.node("Slice", [found[name], *numbers.values()], name=_watched(name))
        node.outputs[0].name = _watched(name)
        node.outputs[0].type = onnx_ir.TensorType(onnx_ir.DataType.FLOAT)
        model.graph.append(node)
        model.graph.outputs.append(node.outputs[0])


def best_range(values: NDArray[np.float32], activation: Function | None = None) -> Affine:
    """Chooses the range whose rounding and clipping leave the least squared error.

    Args:
        values: a sample of what will be rounded.
        activation: what follows at once, where the error is to be small behind it.

    Returns:
        The mapping to eight bits.
    """
    sample = values.astype(np.float64)
    wanted = activation(sample) if activation else sample
    low, high = min(float(sample.min()), 0.0), max(float(sample.max()), 0.0)

    def error(affine: Affine) -> float:
        found = affine.rounded(sample)
        difference = (activation(found) if activation else found) - wanted
        return float(difference @ difference)

    lows = [share * low for share in RANGE_SHARES] if low < 0 else [0.0]
    highs = [share * high for share in RANGE_SHARES] if high > 0 else [0.0]
    return min((Affine.covering(a, b) for a, b in itertools.product(lows, highs)), key=error)
