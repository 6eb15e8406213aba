"""Weight normalisation multiplied out."""

import numpy as np
from numpy.typing import NDArray


def normalised_weight(
    gain: NDArray[np.float32], direction: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Multiply out weight normalisation (Salimans & Kingma 2016): `w = g v / |v|`.

    Args:
        gain: [channels, 1, ...].
        direction: [channels, ...]; its norm is taken over every axis but the first.

    Returns:
        As shaped as the direction.

    Raises:
        ZeroDivisionError: a channel's direction is all zeros.
    """
    wide = direction.astype(np.float64)
    rows = wide.reshape(len(wide), -1)
    norm = np.sqrt(np.square(rows).sum(axis=1))
    if not norm.all():
        raise ZeroDivisionError("a channel's direction is all zeros")
    scale = gain.reshape(-1).astype(np.float64) / norm
    weight: NDArray[np.float32] = (rows * scale[:, np.newaxis]).astype(np.float32)
    return weight.reshape(direction.shape)
