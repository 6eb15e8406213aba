"""The intonation that a conversion across speakers is taught."""

import math

from torch import Tensor

from export.networks.excitation import CENTRE_HZ, HIGHEST_HZ, LOWEST_HZ

SPREAD_RATIOS = (0.7, 1.4)
"""How much flatter or livelier than the source a conversion's intonation is taught to be."""


def moved_pitch(log_f0: Tensor, of_source: Tensor, of_target: Tensor) -> Tensor:
    """A contour at another speaker's level and, within bounds, spread.

    Args:
        log_f0: natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
        of_source: mean and standard deviation of log F0 in hertz, [batch, 2].
        of_target: the other speaker's.

    Returns:
        The contour that a conversion is to sing, [batch, 1, frames].
    """
    centre = math.log(CENTRE_HZ)
    (source_mean, source_spread), (mean, spread) = of_source.unbind(1), of_target.unbind(1)
    ratio = (spread / source_spread.clamp(min=1e-3)).clamp(*SPREAD_RATIOS)
    moved = (log_f0 + centre - source_mean[:, None, None]) * ratio[:, None, None]
    moved = moved + mean[:, None, None] - centre
    return moved.clamp(math.log(LOWEST_HZ / CENTRE_HZ), math.log(HIGHEST_HZ / CENTRE_HZ))
