"""The short clips that /openapi.json gives as examples: valid audio in few bytes."""

from __future__ import annotations

import numpy as np

from runtime import wav
from server import base64_audio

_RATE_HZ = 8000
_SECONDS = 0.6


def data_url(pitch_hz: float, seconds: float = _SECONDS) -> str:
    """Return a buzz with a voice's harmonics, as a data URL of a WAV file."""
    return "data:audio/wav;base64," + base64_wav(pitch_hz, seconds)


def base64_wav(pitch_hz: float, seconds: float = _SECONDS) -> str:
    """Return a buzz with a voice's harmonics, as base64 of a WAV file."""
    time = np.arange(int(seconds * _RATE_HZ)) / _RATE_HZ
    harmonics = np.arange(1, 12)[:, np.newaxis]
    buzz = (np.sin(2 * np.pi * pitch_hz * harmonics * time) / harmonics).sum(axis=0)
    loudness = 0.2 * (1 + np.sin(2 * np.pi * 4 * time))
    waveform = (buzz * loudness / 2).astype(np.float32)
    return base64_audio.encode(wav.encode(waveform, _RATE_HZ)).decode("ascii")
