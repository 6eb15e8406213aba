"""Weights drawn by name for the official size, which stand in for the official checkpoint.

They have the scales of trained weights and no other property of them. Speed is therefore the
official checkpoint's, but what they say about the error of a precision is a rough guess.
"""

import math
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def draw_weight(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw one tensor.

    Args:
        name: Name of the tensor in the official checkpoint; it seeds the draw.
        shape: Shape of the tensor.

    Returns:
        The tensor.
    """
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    normal = generator.standard_normal(shape, dtype=np.float32)
    if name.endswith("weight_v"):
        return normal
    if name.endswith("weight_g"):
        return np.float32(0.8) + np.float32(0.4) * generator.random(shape, dtype=np.float32)
    if name == "ref_enc.layernorm.weight":
        return 1 + np.float32(0.1) * normal
    if "bias" in name.rpartition(".")[2]:
        return np.float32(0.05) * normal
    return (0.5 * normal / math.sqrt(math.prod(shape[1:]))).astype(np.float32)


def draw_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Draw every tensor of a checkpoint.

    Args:
        shapes: Shape by name.

    Returns:
        Tensor by name.
    """
    return {name: draw_weight(name, shape) for name, shape in shapes.items()}
