"""What a microphone and a room add to a voice: colour and noise."""

import numpy as np
from numpy.typing import NDArray

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


def noisy(
    waveform: NDArray[np.float32], random: np.random.Generator, lowest_db: float, highest_db: float
) -> NDArray[np.float32]:
    """Steady noise of a random spectral slope, from white to as low as a room's rumble.

    Args:
        waveform: [samples].
        random: where slope, level and noise come from.
        lowest_db: least signal-to-noise ratio.
        highest_db: greatest.

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
