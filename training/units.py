"""Phonetic units: clusters of a recogniser's features, and how much a frame belongs to each."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FRAMES, ROUNDS = 40_000, 25
SOFTNESS = 0.035
"""Share of the features' variance that a squared distance is divided by before the softmax."""


def clusters(
    features: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Find centres by Lloyd's algorithm (1982).

    Args:
        features: [frames, channels].
        count: Number of centres.
        random: Generator of the first centres, and of those that lost all their frames.

    Returns:
        [count, channels].
    """
    chosen = features[random.permutation(len(features))[:FRAMES]]
    centres = chosen[random.permutation(len(chosen))[:count]].copy()
    for _ in range(ROUNDS):
        nearest = squared_distances(chosen, centres).argmin(1)
        for index in range(count):
            own = chosen[nearest == index]
            centres[index] = own.mean(0) if len(own) else chosen[random.integers(len(chosen))]
    return centres


def squared_distances(
    features: NDArray[np.float32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give the squared distance of each frame to each centre, [frames, count]."""
    across: NDArray[np.float32] = features @ centres.T
    squared: NDArray[np.float32] = (features**2).sum(1)[:, None] + (centres**2).sum(1)
    return squared - 2 * across


def memberships(features: Tensor, centres: Tensor, variance: float) -> Tensor:
    """Tell how much each frame belongs to each unit.

    Args:
        features: [batch, frames, channels].
        centres: [units, channels].
        variance: Sum of the variances of the features' channels.

    Returns:
        Shares that sum to one, [batch, frames, units].
    """
    squared = (features**2).sum(2, keepdim=True) - 2 * features @ centres.T + (centres**2).sum(1)
    return torch.softmax(-squared / (SOFTNESS * variance), dim=2)
