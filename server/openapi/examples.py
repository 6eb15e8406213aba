"""The examples in /openapi.json: valid requests with short audio, and answers of their form."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from runtime import Waveform, wav
from server.http import base64_text
from server.messages.answers import STREAM_FORMAT, SUCCESS_MESSAGE
from server.messages.fields import AUDIO, SOURCE_AUDIO, TARGET_AUDIO, TAU

_RATE_HZ = 8000
_RESULT_RATE_HZ = 22050
_SECONDS = 0.6
_SOURCE_PITCH_HZ = 110.0
_TARGET_PITCH_HZ = 210.0
_STATS = {"extract_time": "1.23s", "clone_time": "2.45s", "total_time": "3.68s"}
_REQUEST_ID = "27fb376b09764614b0a1c3e2d4f5a687"


def clone_request() -> dict[str, Any]:
    """Return a body for /api/clone and /api/clone/stream."""
    return {
        TARGET_AUDIO.name: _data_url(_TARGET_PITCH_HZ),
        SOURCE_AUDIO.name: _data_url(_SOURCE_PITCH_HZ),
        TAU.name: TAU.default,
    }


def tone_request() -> dict[str, Any]:
    """Return a body for /api/tone."""
    return {AUDIO.name: _data_url(_TARGET_PITCH_HZ)}


def cloned() -> dict[str, Any]:
    """Return an answer of /api/clone."""
    result = wav.encode(_buzz(_TARGET_PITCH_HZ, _RESULT_RATE_HZ), _RESULT_RATE_HZ)
    return {
        "success": True,
        "message": SUCCESS_MESSAGE,
        "result_audio": _base64(result),
        "stats": _STATS,
    }


def tone() -> dict[str, Any]:
    """Return an answer of /api/tone."""
    numbers = np.sin(np.arange(256)).astype("<f4")
    return {
        "success": True,
        "tone": f"0123456789ab:{_base64(numbers.tobytes())}",
        "seconds": _SECONDS,
        "warnings": ["short"],
    }


def stream_lines() -> str:
    """Return an answer of /api/clone/stream: NDJSON of three lines."""
    waveform = _buzz(_TARGET_PITCH_HZ, _RESULT_RATE_HZ)
    lines: list[dict[str, Any]] = [
        {
            "success": True,
            "format": STREAM_FORMAT,
            "sample_rate": _RESULT_RATE_HZ,
            "channels": 1,
            "seconds": _SECONDS,
            "samples": len(waveform),
            "windows": 1,
            "request_id": _REQUEST_ID,
        },
        {
            "index": 0,
            "start_seconds": 0.0,
            "seconds": _SECONDS,
            "progress": 1.0,
            "audio": _base64(wav.pcm16(waveform)),
        },
        {"success": True, "message": SUCCESS_MESSAGE, "stats": _STATS, "seed": 7},
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _data_url(pitch_hz: float) -> str:
    file = wav.encode(_buzz(pitch_hz, _RATE_HZ), _RATE_HZ)
    return f"data:audio/wav;base64,{_base64(file)}"


def _base64(data: bytes) -> str:
    return base64_text.encode(data).decode("ascii")


def _buzz(pitch_hz: float, rate_hz: int) -> Waveform:
    """Make a sound with a voice's harmonics that swells and fades, [samples]."""
    time = np.arange(round(_SECONDS * rate_hz)) / rate_hz
    harmonics = np.arange(1, 12)[:, np.newaxis]
    buzz = (np.sin(2 * np.pi * pitch_hz * harmonics * time) / harmonics).sum(axis=0)
    loudness = 0.1 * (1 + np.sin(2 * np.pi * 4 * time))
    waveform: Waveform = (buzz * loudness).astype(np.float32)
    return waveform
