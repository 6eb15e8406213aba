"""Half-precision storage of weights that are computed with in single precision."""

import copy

import numpy as np
import onnx_ir
import torch
from torch import Tensor, nn

# Smaller tensors weigh nothing and are often constants that should stay exact.
SMALLEST_STORED = 256


def rounded_to_half(module: nn.Module) -> nn.Module:
    """Copies a module with its larger weights and buffers rounded to what half precision can hold.

    Args:
        module: left as it is.

    Returns:
        The copy, in float32; its graph can be stored in half precision without a further loss.
    """
    rounded = copy.deepcopy(module)
    for tensor in (*rounded.parameters(), *rounded.buffers()):
        if _is_large(tensor):
            tensor.data = tensor.data.half().float()
    return rounded


def _is_large(tensor: Tensor) -> bool:
    """Says whether a tensor is one of those that are stored in half precision."""
    return tensor.dtype == torch.float32 and tensor.numel() >= SMALLEST_STORED


def store_half(model: onnx_ir.Model) -> None:
    """Stores every larger weight that half precision holds exactly so, with a cast behind it.

    ONNX Runtime folds the casts when it loads the graph, so that running it costs nothing more.

    Args:
        model: changed in place.
    """
    casts = []
    for value in list(model.graph.initializers.values()):
        tensor = value.const_value
        if tensor is None or tensor.dtype != onnx_ir.DataType.FLOAT:
            continue
        full = tensor.numpy()
        with np.errstate(over="ignore"):
            half = full.astype(np.float16)
        if full.size < SMALLEST_STORED or not np.array_equal(half.astype(np.float32), full):
            continue
        name = str(value.name)
        stored = onnx_ir.Value(
            name=f"{name}.half",
            shape=value.shape,
            type=onnx_ir.TensorType(onnx_ir.DataType.FLOAT16),
            const_value=onnx_ir.Tensor(half, name=f"{name}.half"),
        )
        cast = onnx_ir.node("Cast", [stored], {"to": onnx_ir.DataType.FLOAT}, name=f"{name}.cast")
        cast.outputs[0].name = f"{name}.full"
        cast.outputs[0].shape, cast.outputs[0].type = value.shape, value.type
        value.replace_all_uses_with(cast.outputs[0])
        del model.graph.initializers[name]
        model.graph.register_initializer(stored)
        casts.append(cast)
    first = model.graph[0]
    model.graph.insert_before(first, casts)
