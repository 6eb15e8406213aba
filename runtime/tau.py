"""tau: how strongly the target's tone is applied."""

from collections.abc import Sequence

import numpy as np

from runtime.arrays import Tone


def tone_weight(tau: float, curve: Sequence[tuple[float, float]]) -> float:
    """Read a model's tau curve.

    Args:
        tau: 0 to 1.
        curve: points (tau, weight), joined by straight lines.

    Returns:
        Weight of the target's tone, 0 to 1.
    """
    taus, weights = zip(*curve, strict=True)
    return float(np.interp(tau, taus, weights))


def blend_tones(source: Tone, target: Tone, weight: float) -> Tone:
    """Go from the source's tone towards the target's by a weight of 0 to 1."""
    return (source + np.float32(weight) * (target - source)).astype(np.float32)
