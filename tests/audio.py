"""Audio made for tests: voice-like signals, and files of every kind."""

import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "flac": ("FLAC", "PCM_16"),
    "ogg-vorbis": ("OGG", "VORBIS"),
    "ogg-opus": ("OGG", "OPUS"),
}
"""libsndfile's format and subtype for each kind of file that is accepted."""


def voice(
    seconds: float, sample_rate_hz: int = 22050, *, pitch_hz: float = 120.0, seed: int = 0
) -> NDArray[np.float32]:
    """Make a harmonic tone with vibrato, syllables and a little breath.

    Returns:
        [samples], peak about 0.5.
    """
    generator = np.random.default_rng(seed)
    samples = round(seconds * sample_rate_hz)
    time = np.arange(samples) / sample_rate_hz
    phase = 2 * np.pi * (pitch_hz * time - 0.5 * np.cos(2 * np.pi * 5 * time))
    harmonics = np.arange(1, 1 + int(min(4000, sample_rate_hz / 2.5) / pitch_hz))
    signal = np.zeros(samples)
    for harmonic in harmonics:
        amplitude = generator.uniform(0.3, 1.0) / harmonic
        signal += amplitude * np.sin(harmonic * phase + generator.uniform(0, 2 * np.pi))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3 * time + generator.uniform(0, 2 * np.pi))
    signal = signal / np.max(np.abs(signal), initial=1e-9) * syllables
    signal += 0.01 * generator.standard_normal(samples)
    result: NDArray[np.float32] = (0.5 * signal).astype(np.float32)
    return result


def audio_file(
    signal: NDArray[Any],
    sample_rate_hz: int = 22050,
    *,
    format: str = "WAV",
    subtype: str | None = "PCM_16",
) -> bytes:
    """Encode [samples] or [samples, channels] as a file in memory."""
    file = io.BytesIO()
    soundfile.write(file, signal, sample_rate_hz, format=format, subtype=subtype)
    return file.getvalue()


def voice_file(
    seconds: float, sample_rate_hz: int = 22050, *, kind: str = "wav", **voice_options: Any
) -> bytes:
    """Make a voice and encode it as one of `FORMATS`."""
    format, subtype = FORMATS[kind]
    signal = voice(seconds, sample_rate_hz, **voice_options)
    return audio_file(signal, sample_rate_hz, format=format, subtype=subtype)
