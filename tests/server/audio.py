"""Audio files for requests: made, seeded, in memory."""

from __future__ import annotations

import base64
import io

import numpy as np
import soundfile
from numpy.typing import NDArray


def speech(seconds: float, rate_hz: int = 22050, pitch_hz: float = 140.0) -> NDArray[np.float32]:
    """Give a buzz that swells and fades like speech, [samples]; it repeats every second."""
    time = np.arange(rate_hz) / rate_hz
    harmonics = np.arange(1, 9)[:, np.newaxis]
    buzz = (np.sin(2 * np.pi * pitch_hz * harmonics * time) / harmonics).sum(axis=0)
    noise = np.random.default_rng(int(pitch_hz)).standard_normal(len(time))
    loudness = 0.15 * (1.2 + np.sin(2 * np.pi * 3 * time))
    second = (loudness * (buzz + 0.05 * noise)).astype(np.float32)
    return np.resize(second, max(1, round(seconds * rate_hz)))


def encoded(
    waveform: NDArray[np.float32],
    rate_hz: int = 22050,
    format: str = "WAV",
    subtype: str | None = None,
) -> bytes:
    """Write a waveform, [samples] or [samples, channels], as a file in memory."""
    file = io.BytesIO()
    soundfile.write(file, waveform, rate_hz, format=format, subtype=subtype)
    return file.getvalue()


def clip(seconds: float, pitch_hz: float = 140.0, rate_hz: int = 22050) -> bytes:
    """Give a WAV file of a voice."""
    return encoded(speech(seconds, rate_hz, pitch_hz), rate_hz)


def text(data: bytes) -> str:
    """Give bytes as base64."""
    return base64.b64encode(data).decode("ascii")


def pcm(wav: bytes) -> NDArray[np.int16]:
    """Read the samples of a mono 16-bit WAV of ours, whose header is checked."""
    with soundfile.SoundFile(io.BytesIO(wav)) as file:
        assert (file.format, file.subtype) == ("WAV", "PCM_16")
        assert (file.samplerate, file.channels) == (22050, 1)
        samples: NDArray[np.int16] = file.read(dtype="int16")
    return samples
