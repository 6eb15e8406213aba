"""Bundles whose converter computes in half precision and still takes and returns float32."""

from pathlib import Path

import numpy as np
import onnx
import onnx_ir

from export.calibration_speech import SAMPLES, Speech
from export.checks import Announce
from export.errors import ExportError
from export.reduction import Figures, reduce_bundle
from runtime.interface import GraphInterface
from runtime.manifest import Manifest

FLOAT, HALF = onnx_ir.DataType.FLOAT, onnx_ir.DataType.FLOAT16


def halve_bundle(
    bundle: Path, output: Path, calibration: Path = SAMPLES, announce: Announce = print
) -> Manifest:
    """Write a half-precision bundle from a float32 one; it appears only if every check passes.

    Args:
        bundle: Folder of the float32 bundle.
        output: Folder to write; a bundle that is there, even the float32 one, is replaced.
        calibration: Folder of speech, a third of which the result is judged by.
        announce: Receives each step and check, a line each.

    Returns:
        The manifest of the half-precision bundle.

    Raises:
        CalibrationError: The folder holds too little speech.
        PlaceTaken: The output cannot be written, or holds something that is not a bundle.
        ParityError: Half precision loses too much.
        PrecisionError: The bundle is not in float32.
        ExportError: A weight is beyond half precision's range.
        InvalidBundle: The bundle cannot be read.
    """
    return reduce_bundle(bundle, output, "fp16", _halve_converter, calibration, announce)


def _halve_converter(
    model: onnx.ModelProto, interface: GraphInterface, speech: Speech, announce: Announce
) -> tuple[onnx.ModelProto, Figures]:
    """Convert a graph to half precision; there is nothing to calibrate."""
    graph = onnx_ir.from_proto(model)
    to_half(graph)
    halved: onnx.ModelProto = onnx_ir.to_proto(graph)
    return halved, {}


def to_half(model: onnx_ir.Model) -> None:
    """Turn every float32 value inside a graph into half precision.

    Args:
        model: Graph to change, of operators that take either precision.

    Raises:
        ExportError: A weight is beyond half precision's range.
    """
    graph = model.graph
    first = graph[0]
    for value in graph.inputs:
        cast = _cast(value, HALF)
        value.replace_all_uses_with(cast.outputs[0])
        cast.replace_input_with(0, value)
        graph.insert_before(first, cast)
    for node in graph:
        for value in node.outputs:
            if value.dtype == FLOAT and not value.is_graph_output():
                value.dtype = HALF
    for value in graph.initializers.values():
        if value.dtype == FLOAT and value.const_value is not None:
            tensor = value.const_value.numpy()
            with np.errstate(over="ignore"):
                half = tensor.astype(np.float16)
            if not np.isfinite(half).all():
                raise ExportError(f"{value.name} is beyond the range of half precision")
            value.const_value = onnx_ir.tensor(half, name=value.name)
            value.dtype = HALF
    for place, value in enumerate(list(graph.outputs)):
        name = value.name
        value.name = f"{name}.half"
        cast = _cast(value, FLOAT)
        cast.outputs[0].name = name
        value.dtype = HALF
        graph.append(cast)
        graph.outputs[place] = cast.outputs[0]


def _cast(value: onnx_ir.Value, kind: onnx_ir.DataType) -> onnx_ir.Node:
    """Make a node that casts a value to another float type."""
    node = onnx_ir.node("Cast", [value], {"to": kind}, name=f"{value.name}.cast")
    output = node.outputs[0]
    output.name, output.shape, output.dtype = f"{value.name}.{kind.name.lower()}", value.shape, kind
    return node
