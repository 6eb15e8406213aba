"""Noise that a microphone and a room add to a voice."""

import numpy as np
from numpy.typing import NDArray


def noisy(
    waveform: NDArray[np.float32], random: np.random.Generator, lowest_db: float, highest_db: float
) -> NDArray[np.float32]:
    """Add steady noise of a random spectral slope, from white to as low as a room's rumble.

    Args:
        waveform: [samples].
        random: Generator of slope, level and noise.
        lowest_db: Least signal-to-noise ratio.
        highest_db: Greatest signal-to-noise ratio.

    Returns:
        [samples], the speech at its own level.
    """
    spectrum = np.fft.rfft(random.standard_normal(len(waveform), np.float32))
    slope = random.uniform(0.0, 1.0)
    spectrum *= np.arange(1, len(spectrum) + 1) ** -slope
    noise = np.fft.irfft(spectrum, len(waveform))
    ratio_db = random.uniform(lowest_db, highest_db)
    wanted = np.sqrt(np.mean(waveform**2)) * 10 ** (-ratio_db / 20)
    return np.asarray(waveform + noise * (wanted / np.sqrt(np.mean(noise**2))), np.float32)
