"""A graph in half precision that still takes and gives float32."""

import numpy as np
import onnx_ir

from export.errors import ExportError

FLOAT, HALF = onnx_ir.DataType.FLOAT, onnx_ir.DataType.FLOAT16


def to_half(model: onnx_ir.Model) -> None:
    """Turns every float32 value inside a graph into half precision.

    Args:
        model: changed in place; its operators take any kind of float.

    Raises:
        ExportError: a weight is beyond half precision's range.
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
    """Makes a cast of a value to another kind of float."""
    node = onnx_ir.node("Cast", [value], {"to": kind}, name=f"{value.name}.cast")
    output = node.outputs[0]
    output.name, output.shape, output.dtype = f"{value.name}.{kind.name.lower()}", value.shape, kind
    return node
