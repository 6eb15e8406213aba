"""A sung vowel: enough of a voice for Praat to find its pitch."""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 22050


def vowel(
    pitch_hz: float, seconds: float, formants_hz: tuple[float, ...] = (600.0, 1200.0, 2500.0)
) -> NDArray[np.float32]:
    """Harmonics under resonances, in syllables of 0.4 s."""
    time = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = np.zeros(len(time))
    for harmonic in range(1, int(7000 / pitch_hz)):
        frequency_hz = harmonic * pitch_hz
        gain = sum(1 / (1 + ((frequency_hz - f) / 120.0) ** 2) for f in formants_hz)
        wave += gain * np.sin(2 * np.pi * frequency_hz * time + harmonic**2)
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * time / 0.4)
    wave = wave * syllables
    return np.asarray(0.3 * wave / np.abs(wave).max(), np.float32)
