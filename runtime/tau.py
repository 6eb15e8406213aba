"""Strength of the target's voice (tau): a model's curve for it, and the blend of two tones."""

from collections.abc import Sequence

import numpy as np

from runtime.arrays import Tone


def tone_weight(tau: float, curve: Sequence[tuple[float, float]]) -> float:
    """Look up the weight of the target's tone on a model's tau curve.

    Args:
        tau: Strength, 0 to 1.
        curve: Points (tau, weight), joined by straight lines.

    Returns:
        Weight of the target's tone, 0 to 1.
    """
    taus, weights = zip(*curve, strict=True)
    return float(np.interp(tau, taus, weights))


def blend_tones(source: Tone, target: Tone, weight: float) -> Tone:
    """Interpolate from the source's tone (weight 0) to the target's (weight 1)."""
    return (source + np.float32(weight) * (target - source)).astype(np.float32)
