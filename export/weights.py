"""Weights in graph files: stored in half precision, and read back into their networks by name."""

import copy
from collections.abc import Collection

import numpy as np
import onnx
import onnx_ir
import torch
from torch import Tensor, nn

from export.errors import CheckpointError

# Smaller tensors take no space worth saving and are often constants that should stay exact.
SMALLEST_STORED = 256
HALF_SUFFIX = ".half"


def rounded_to_half(module: nn.Module) -> nn.Module:
    """Copy a module with its larger weights and buffers rounded to half precision.

    Args:
        module: Module to copy, left as it is.

    Returns:
        The copy, in float32; its graph can be stored in half precision without a further loss.
    """
    rounded = copy.deepcopy(module)
    for tensor in (*rounded.parameters(), *rounded.buffers()):
        if _is_large(tensor):
            tensor.data = tensor.data.half().float()
    return rounded


def _is_large(tensor: Tensor) -> bool:
    """Whether a tensor is one of those that are stored in half precision."""
    return tensor.dtype == torch.float32 and tensor.numel() >= SMALLEST_STORED


def store_half(model: onnx_ir.Model) -> None:
    """Store each larger weight that half precision holds exactly in it, followed by a cast.

    ONNX Runtime folds the casts when it loads the graph, so that they cost nothing when it runs.

    Args:
        model: Graph to change.
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
            name=f"{name}{HALF_SUFFIX}",
            shape=value.shape,
            type=onnx_ir.TensorType(onnx_ir.DataType.FLOAT16),
            const_value=onnx_ir.Tensor(half, name=f"{name}{HALF_SUFFIX}"),
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


def load_weights(module: nn.Module, model: onnx.ModelProto, unused: Collection[str] = ()) -> None:
    """Copy the weights of an exported graph into the network that it was made from.

    Args:
        module: Network whose parameters are overwritten.
        model: Graph that `export_graph` made from the same network.
        unused: Names of parameters that take no part in the graph and stay as they are.

    Raises:
        CheckpointError: The graph holds no weight of a parameter's name and shape.
    """
    constants = {
        tensor.name.removesuffix(HALF_SUFFIX): tensor for tensor in model.graph.initializer
    }
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name in unused:
                continue
            tensor = constants.get(name)
            if tensor is None or tuple(tensor.dims) != tuple(parameter.shape):
                raise CheckpointError(
                    f"{model.graph.name} holds no weight {name} of shape {list(parameter.shape)}; "
                    "it was not exported from this network"
                )
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            parameter.copy_(torch.from_numpy(values))
