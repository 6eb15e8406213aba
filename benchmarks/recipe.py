"""Weights for the official size: values drawn by name, which stand in for the official ones.

They have the scales of trained weights and nothing else of them, so that speed is the official
checkpoint's, while what they say about a precision's error is a rough guess.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def draw(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw one tensor.

    Args:
        name: of the tensor in the official checkpoint; seeds the draw.
        shape: of the tensor.
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


def draw_state(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Draw every tensor of a checkpoint, by name."""
    return {name: torch.from_numpy(draw(name, shape)) for name, shape in shapes.items()}
