"""Fundamental frequency, by Praat."""

import numpy as np
import parselmouth
from numpy.typing import NDArray

from training.speech import SAMPLE_RATE_HZ

PITCH_FLOOR_HZ, PITCH_CEILING_HZ = 60.0, 500.0


def pitch_hz(waveform: NDArray[np.float32]) -> NDArray[np.float64]:
    """Track the pitch by Praat's autocorrelation method (Boersma 1993).

    Args:
        waveform: [samples] at 22050 Hz.

    Returns:
        [frames] every 10 ms, 0 where unvoiced.
    """
    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE_HZ)
    pitch = sound.to_pitch(0.01, PITCH_FLOOR_HZ, PITCH_CEILING_HZ)
    return np.asarray(pitch.selected_array["frequency"])
