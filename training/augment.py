"""Other voices, microphones and rooms, put on magnitude spectrograms."""

import numpy as np
import torch
from torch import Tensor

WARP_SHARE, WARP = 0.5, 0.13
"""How often the scale of frequency is stretched, and by how many nepers at most."""
EQUALISER_SHARE, EQUALISER_DB, EQUALISER_POINTS = 0.6, 4.0, 9
LEVEL_DB = (-18.0, 8.0)
NOISE_SHARE, NOISE_DB = 0.4, (3.0, 30.0)
BAND_SHARE, BAND_BINS = 0.1, (150, 340)
"""How often the top is cut off, as a telephone does, and where."""
GAP_SHARE, GAP_FRAMES, GAP_FIRST_BINS, GAP_WIDTH = 0.4, 8, (4, 300), 0.3
"""How often frames and bins are blanked, how many frames, and how many bins from where."""
FLOOR = 1e-3


def stretched(magnitude: Tensor, factor: float) -> Tensor:
    """Stretch the scale of frequency: formants and pitch move by a factor.

    Args:
        magnitude: [bins, frames].
        factor: Above 1 moves everything up.

    Returns:
        [bins, frames].
    """
    last = len(magnitude) - 1
    place = (torch.arange(last + 1, dtype=torch.float32) / factor).clamp(max=last - 1e-3)
    below = place.long()
    share = (place - below)[:, None]
    return magnitude[below] * (1 - share) + magnitude[below + 1] * share


def augmented(magnitude: Tensor, random: np.random.Generator, warp: bool) -> Tensor:
    """Change each item: frequency scale, equaliser, level, noise and bandwidth.

    Args:
        magnitude: Linear magnitude, [batch, bins, frames].
        random: Generator of every choice.
        warp: Whether the scale of frequency may be stretched, which changes the voice.

    Returns:
        [batch, bins, frames].
    """
    items = []
    for original in magnitude:
        item, bins = original, len(original)
        if warp and random.random() < WARP_SHARE:
            item = stretched(item, float(np.exp(random.uniform(-WARP, WARP))))
        if random.random() < EQUALISER_SHARE:
            points = np.geomspace(3, bins, EQUALISER_POINTS)
            gains = random.normal(0.0, EQUALISER_DB, EQUALISER_POINTS)
            curve_db = np.interp(np.arange(bins), points, gains)
            item = item * torch.from_numpy(10 ** (curve_db / 20)).float()[:, None]
        item = item * float(10 ** (random.uniform(*LEVEL_DB) / 20))
        if random.random() < NOISE_SHARE:
            item = noisy(item, random)
        if random.random() < BAND_SHARE:
            item = item.clone()
            item[int(random.uniform(*BAND_BINS)) :] = FLOOR
        items.append(torch.sqrt(item**2 + FLOOR**2))
    return torch.stack(items)


def noisy(magnitude: Tensor, random: np.random.Generator) -> Tensor:
    """Add the power of steady noise of a random spectral slope to [bins, frames]."""
    slope = random.uniform(0.0, 1.0)
    shape = torch.arange(1, len(magnitude) + 1).float()[:, None] ** -slope
    level = magnitude.pow(2).mean().sqrt() * float(10 ** (-random.uniform(*NOISE_DB) / 20))
    power = torch.from_numpy(random.exponential(size=tuple(magnitude.shape))).float()
    return torch.sqrt(magnitude**2 + (shape / shape.pow(2).mean().sqrt() * level) ** 2 * power)


def with_gaps(magnitude: Tensor, random: np.random.Generator) -> Tensor:
    """Blank a few frames and a few bins of some items (SpecAugment, Park et al. 2019).

    Args:
        magnitude: Linear magnitude, [batch, bins, frames].
        random: Generator of every choice.

    Returns:
        [batch, bins, frames].
    """
    gapped = magnitude.clone()
    for item in gapped:
        if random.random() < GAP_SHARE:
            first = int(random.integers(0, item.shape[1]))
            item[:, first : first + int(random.integers(1, GAP_FRAMES + 1))] = FLOOR
        if random.random() < GAP_SHARE:
            first = int(np.exp(random.uniform(*np.log(GAP_FIRST_BINS))))
            width = 2 + int(random.uniform(0.0, GAP_WIDTH) * first)
            item[first : first + width] = FLOOR
    return gapped
