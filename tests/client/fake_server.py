"""A fake server that answers the client's requests as the API does, and records them."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np

SAMPLE_RATE_HZ = 22050


def wav_file(samples: int, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: int = 1) -> bytes:
    """Return a WAV file whose samples count up, so that a wrong order is seen."""
    buffer = io.BytesIO()
    values = (np.arange(samples) % 30000).astype("<i2").repeat(channels)
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(values.tobytes())
    return buffer.getvalue()


def pcm_of_source(body: dict[str, Any]) -> bytes:
    """Convert a source as the fake server does: to as many samples at the server's rate."""
    with wave.open(io.BytesIO(base64.b64decode(body["source_audio"]))) as file:
        samples = round(file.getnframes() * SAMPLE_RATE_HZ / file.getframerate())
    return wav_file(samples)[44:]


class FakeServer:
    """Handles requests for httpx.MockTransport.

    Args:
        refusals: Answers that come before the real ones, each once.
    """

    def __init__(self, *refusals: httpx.Response) -> None:
        self.refusals = list(refusals)
        self.requests: list[httpx.Request] = []
        self.reachable = True
        self.windows = 3
        self.cut_after_lines: int | None = None
        self.last_line: dict[str, Any] = {"success": True, "message": "音色克隆成功", "stats": {}}

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.reachable:
            raise httpx.ConnectError("connection refused", request=request)
        self.requests.append(request)
        if self.refusals:
            return self.refusals.pop(0)
        if request.url.path == "/api/health":
            return httpx.Response(200, json={"status": "ok", "sample_rate": SAMPLE_RATE_HZ})
        if request.url.path == "/api/info":
            return httpx.Response(200, json={"model": "OpenVoice Tone Clone", "version": "v2"})
        if request.url.path == "/api/tone":
            answer = {"success": True, "tone": "abc:AAAA", "seconds": 2.5, "warnings": ["short"]}
            return httpx.Response(200, json=answer)
        if request.url.path == "/api/clone":
            return self._clone(json.loads(request.content))
        return httpx.Response(200, text="\n".join(self._lines(json.loads(request.content))) + "\n")

    @staticmethod
    def _clone(body: dict[str, Any]) -> httpx.Response:
        wav = wav_file(len(pcm_of_source(body)) // 2)
        answer = {
            "success": True,
            "message": "音色克隆成功",
            "result_audio": base64.b64encode(wav).decode(),
            "stats": {"extract_time": "0.25s", "clone_time": "1.50s", "total_time": "1.75s"},
        }
        return httpx.Response(200, json=answer, headers={"X-Request-ID": "r-1"})

    def _lines(self, body: dict[str, Any]) -> Iterator[str]:
        pcm = pcm_of_source(body)
        step = -(-len(pcm) // 2 // self.windows) * 2
        head = {
            "success": True,
            "format": "pcm_s16le",
            "sample_rate": SAMPLE_RATE_HZ,
            "channels": 1,
            "samples": len(pcm) // 2,
            "seconds": len(pcm) / 2 / SAMPLE_RATE_HZ,
            "windows": self.windows,
            "lines": self.windows,
            "request_id": "r-2",
        }
        lines = [head]
        for index, start in enumerate(range(0, len(pcm), step)):
            piece = pcm[start : start + step]
            lines.append(
                {
                    "index": index,
                    "start_seconds": start / 2 / SAMPLE_RATE_HZ,
                    "seconds": len(piece) / 2 / SAMPLE_RATE_HZ,
                    "progress": min(1.0, (start + step) / len(pcm)),
                    "audio": base64.b64encode(piece).decode(),
                }
            )
        lines.append(self.last_line)
        yield from (json.dumps(line) for line in lines[: self.cut_after_lines])


def refusal(status: int, code: str, retry_after: str | None = None, **facts: Any) -> httpx.Response:
    """Return an error as the API writes it."""
    return httpx.Response(
        status,
        json={
            "success": False,
            "message": "say what to do",
            "error": {"code": code, **facts},
            "request_id": "r-9",
        },
        headers={"Retry-After": retry_after} if retry_after else {},
    )
