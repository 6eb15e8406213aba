"""Speech as it is recorded: noise, rooms, telephones, lossy codecs and levels."""

import io
from collections.abc import Callable

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from training.channel import noisy
from training.speech import SAMPLE_RATE_HZ

Waveform = NDArray[np.float32]

NOISE_DB = (5.0, 20.0)
"""Least and greatest signal-to-noise ratio."""
ROOM_SECONDS = (0.2, 0.6)
"""Shortest and longest time in which a room's sound falls by 60 dB."""
DIRECT_DB = (3.0, 12.0)
"""Least and greatest level of the direct sound over the room's."""
TELEPHONE_HZ = (300.0, 3400.0)
MP3_COMPRESSION, OPUS_COMPRESSION = 0.95, 0.97
"""Near the lowest bit rates that libsndfile gives."""
OPUS_RATE_HZ = 16000
LEVEL_DB = (-20.0, 3.0)


def with_noise(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Add steady noise of a random spectral slope, 5 to 20 dB below the speech."""
    return noisy(waveform, random, *NOISE_DB)


def in_room(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Add a room: noise that decays exponentially, after the direct sound."""
    decay_seconds = random.uniform(*ROOM_SECONDS)
    samples = round(decay_seconds * SAMPLE_RATE_HZ)
    tail = random.standard_normal(samples) * 10 ** (-3 * np.arange(samples) / samples)
    ratio_db = random.uniform(*DIRECT_DB)
    response = tail * 10 ** (-ratio_db / 20) / np.sqrt(np.sum(tail**2))
    response[0] += 1.0
    size = len(waveform) + samples
    heard = np.fft.irfft(np.fft.rfft(waveform, size) * np.fft.rfft(response, size), size)
    return np.asarray(heard[: len(waveform)], np.float32)


def by_telephone(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Keep the telephone band, at 8 kHz with the steps of 8-bit mu-law (ITU-T G.711)."""
    spectrum = np.fft.rfft(waveform)
    ratio = np.fft.rfftfreq(len(waveform), 1 / SAMPLE_RATE_HZ)[1:] / np.array(TELEPHONE_HZ)[:, None]
    # Butterworth slopes of the fourth order.
    spectrum[1:] /= np.sqrt((1 + ratio[0] ** -8) * (1 + ratio[1] ** 8))
    spectrum[0] = 0
    band = np.fft.irfft(spectrum, len(waveform))
    narrow = soxr.resample(band, SAMPLE_RATE_HZ, 8000)
    peak = np.abs(narrow).max() + 1e-9
    folded = np.sign(narrow) * np.log1p(255 * np.abs(narrow) / peak) / np.log(256)
    coarse = np.round(folded * 127) / 127
    opened = np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255 * peak
    return _as_long(soxr.resample(opened, 8000, SAMPLE_RATE_HZ), waveform)


def by_mp3(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Encode as MP3 and decode."""
    return _coded(waveform, SAMPLE_RATE_HZ, "MP3", "MPEG_LAYER_III", MP3_COMPRESSION)


def by_opus(waveform: Waveform, random: np.random.Generator) -> Waveform:
    """Encode as Opus and decode."""
    narrow = soxr.resample(waveform, SAMPLE_RATE_HZ, OPUS_RATE_HZ)
    coded = _coded(narrow, OPUS_RATE_HZ, "OGG", "OPUS", OPUS_COMPRESSION)
    return _as_long(soxr.resample(coded, OPUS_RATE_HZ, SAMPLE_RATE_HZ), waveform)


CONDITIONS: tuple[Callable[[Waveform, np.random.Generator], Waveform], ...] = (
    with_noise,
    in_room,
    by_telephone,
    by_mp3,
    by_opus,
)


def made_hard(waveform: Waveform, index: int, seed: int) -> Waveform:
    """Put a clip under one condition, the same for the same index, and at a random level.

    Args:
        waveform: [samples] at 22050 Hz.
        index: Position of the clip; conditions follow one another.
        seed: Seed of what is random in them.

    Returns:
        [samples], of the same length, within full scale.
    """
    random = np.random.default_rng([seed, index])
    changed = CONDITIONS[index % len(CONDITIONS)](waveform, random)
    level = 10 ** (random.uniform(*LEVEL_DB) / 20)
    return np.asarray(np.clip(changed * level, -1, 1), np.float32)


def _coded(
    waveform: Waveform, sample_rate_hz: int, container: str, subtype: str, compression: float
) -> Waveform:
    """Write a file and read it."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", sample_rate_hz, 1, subtype, format=container, compression_level=compression
    ) as writer:
        writer.write(np.clip(waveform, -1, 1))
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return _as_long(decoded, waveform)


def _as_long(waveform: NDArray[np.floating], like: Waveform) -> Waveform:
    """Cut or pad [samples] to another's length."""
    kept = np.asarray(waveform[: len(like)], np.float32)
    return np.pad(kept, (0, len(like) - len(kept)))
