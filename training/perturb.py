"""Time-aligned copies of a recording in another voice: the parallel data that real speech lacks."""

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call

from training.channel import equalise
from training.pitch import PITCH_CEILING_HZ, PITCH_FLOOR_HZ
from training.speech import SAMPLE_RATE_HZ


def another_voice(
    waveform: NDArray[np.float32], median_hz: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """Praat's "Change gender": formants and pitch moved independently, timing kept.

    The perturbation of NANSY (Choi et al. 2021), with wider pitch so that men become women.

    Args:
        waveform: [samples] at 22050 Hz.
        median_hz: its median pitch.
        random: where the ratios come from.

    Returns:
        [samples] of the same length, at the RMS of the input.
    """
    formant_ratio = float(np.exp(random.uniform(np.log(0.80), np.log(1.25))))
    lowest, highest = np.log(75.0), np.log(270.0)
    new_median_hz = float(np.exp(random.uniform(lowest, highest)))
    new_median_hz = float(np.clip(new_median_hz, 0.5 * median_hz, 2.0 * median_hz))
    range_ratio = float(random.uniform(0.8, 1.25))
    sound = parselmouth.Sound(waveform.astype(np.float64), SAMPLE_RATE_HZ)
    changed = call(
        sound,
        "Change gender",
        PITCH_FLOOR_HZ,
        PITCH_CEILING_HZ,
        formant_ratio,
        new_median_hz,
        range_ratio,
        1.0,
    ).values[0]
    aligned = np.zeros_like(waveform)
    kept = min(len(aligned), len(changed))
    aligned[:kept] = changed[:kept]
    level = np.sqrt(np.mean(waveform**2) / (np.mean(aligned**2) + 1e-12))
    return equalise(np.asarray(aligned * level, np.float32), random, 4.0)
