"""Noise of the posterior, which does not depend on how a clip is cut into windows."""

import secrets

import numpy as np
from numpy.typing import NDArray

BLOCK_FRAMES = 256
SEEDS = 2**63


def fresh_seed() -> int:
    """Draw a seed at random."""
    return secrets.randbelow(SEEDS)


def draw_noise(
    seed: int, channels: int, start_frame: int, stop_frame: int, temperature: float
) -> NDArray[np.float32]:
    """Draw standard normal noise for some frames of a clip, times the temperature.

    Each block of 256 frames has a generator of its own (Philox: Salmon et al. 2011, "Parallel
    random numbers: as easy as 1, 2, 3"), keyed by seed and block.

    Args:
        seed: Seed of the noise, 0 to 2^63 - 1.
        channels: Number of latent channels.
        start_frame: First frame, counted from the clip's start.
        stop_frame: Frame after the last.
        temperature: Factor of the noise; 0 gives zeros.

    Returns:
        Noise, [channels, frames].
    """
    noise = np.zeros((channels, stop_frame - start_frame), np.float32)
    if temperature == 0:
        return noise
    for block in range(start_frame // BLOCK_FRAMES, -(-stop_frame // BLOCK_FRAMES)):
        key = np.array([seed, block], dtype=np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        drawn = generator.standard_normal((channels, BLOCK_FRAMES), dtype=np.float32)
        first = block * BLOCK_FRAMES
        start = max(start_frame, first)
        stop = min(stop_frame, first + BLOCK_FRAMES)
        noise[:, start - start_frame : stop - start_frame] = drawn[:, start - first : stop - first]
    noise *= np.float32(temperature)
    return noise
