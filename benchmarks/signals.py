"""How far one signal is from another."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]


def snr_db(reference: Signal, found: Signal) -> float:
    """Signal-to-noise ratio: the reference's energy over that of the difference."""
    noise = float(np.square(found.astype(np.float64) - reference).sum())
    energy = float(np.square(reference.astype(np.float64)).sum())
    return 10 * math.log10(energy / noise) if noise and energy else math.inf


def difference_of_peak(reference: Signal, found: Signal) -> float:
    """Largest difference of any sample, over the reference's peak."""
    return float(np.abs(found - reference).max() / np.abs(reference).max())


def cosine(first: Signal, second: Signal) -> float:
    """Cosine between two vectors."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
