"""Time-aligned copies of a recording in another voice: the parallel data that real speech lacks."""

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call

from training.pitch import PITCH_CEILING_HZ, PITCH_FLOOR_HZ
from training.speech import SAMPLE_RATE_HZ

EQUALISER_POINTS_HZ = (80.0, 250.0, 600.0, 1200.0, 2400.0, 4200.0, 7500.0)


def equalise(
    waveform: NDArray[np.float32], random: np.random.Generator, spread_db: float
) -> NDArray[np.float32]:
    """A random smooth equaliser, so that a voice is learnt apart from its microphone.

    Args:
        waveform: [samples] at 22050 Hz.
        random: where the gains come from.
        spread_db: standard deviation of the gain at each control point.

    Returns:
        [samples], zero phase, at the RMS of the input.
    """
    gains_db = random.normal(0.0, spread_db, len(EQUALISER_POINTS_HZ))
    spectrum = np.fft.rfft(waveform)
    frequencies_hz = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE_HZ)
    curve_db = np.interp(
        np.log(frequencies_hz + 1.0), np.log(np.array(EQUALISER_POINTS_HZ)), gains_db
    )
    shaped = np.fft.irfft(spectrum * 10 ** (curve_db / 20), len(waveform))
    level = np.sqrt(np.mean(waveform**2) / (np.mean(shaped**2) + 1e-12))
    return np.asarray(shaped * level, np.float32)


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
