"""A fake server that answers as the API does, which is checked, and records the requests."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import numpy as np

from server.endpoints.status import make_info
from server.inference.cloning_service import CloningService
from server.messages.answers import Cloned, Health, StreamEnd, ToneAnswer
from server.messages.errors import ERRORS
from server.messages.verification import Verified
from server.messages.voices import Voice
from server.openapi.answer_schema import example_of
from server.settings import Settings
from tests.server.answer_check import check_answer
from tests.server.fakes import FakeEngine

SAMPLE_RATE_HZ = 22050
TONE = {"tone": "abc:AAAA", "seconds": 2.5, "warnings": ["short"]}
MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg"}
STATS = {"extract_time": "0.25s", "clone_time": "1.50s", "total_time": "1.75s"}


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


class Blocks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes in blocks, for both kinds of client."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self._blocks:
            yield block


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
        self.voices: dict[str, dict[str, Any]] = {}
        self.cut_after_lines: int | None = None
        self.last_line = example_of(StreamEnd)
        self.verified = example_of(Verified)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.reachable:
            raise httpx.ConnectError("connection refused", request=request)
        self.requests.append(request)
        response = self.refusals.pop(0) if self.refusals else self._answer(request)
        kind = response.headers["content-type"].partition(";")[0]
        path, method = request.url.path, request.method
        if kind not in MEDIA_TYPES.values():
            assert check_answer(path, method, response.status_code, kind, response.content)
        return response

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/health":
            return httpx.Response(200, json=example_of(Health))
        if request.url.path == "/api/info":
            return httpx.Response(200, json=_info())
        if request.url.path == "/api/tone":
            return httpx.Response(200, json=example_of(ToneAnswer) | TONE)
        if request.url.path == "/api/verify":
            return httpx.Response(200, json=self.verified)
        if request.url.path.startswith("/api/voices"):
            return self._voices(request)
        if request.url.path == "/api/clone":
            return self._clone(json.loads(request.content))
        if "format" in json.loads(request.content):
            return self._encoded(json.loads(request.content))
        lines = "\n".join(self._lines(json.loads(request.content))) + "\n"
        return httpx.Response(200, text=lines, headers={"Content-Type": "application/x-ndjson"})

    def _voices(self, request: httpx.Request) -> httpx.Response:
        """Store voices by name; pages hold two."""
        if request.method == "POST":
            body = json.loads(request.content)
            voice = example_of(Voice) | {"name": body["name"], "has_audio": body["keep_audio"]}
            self.voices[body["name"]] = voice
            return httpx.Response(201, json={"success": True, "voice": voice})
        name = request.url.path.removeprefix("/api/voices").removeprefix("/")
        if not name:
            after = request.url.params.get("after", "")
            left = sorted(each for each in self.voices if each > after)
            page = {"voices": [self.voices[each] for each in left[:2]]}
            following = left[1] if len(left) > 2 else None
            return httpx.Response(200, json={"success": True, **page, "next": following})
        if name not in self.voices:
            return refusal(404, "voice_not_found", param="name", voice=name)
        voice = self.voices[name]
        if request.method == "DELETE":
            del self.voices[name]
            return httpx.Response(200, json={"success": True, "name": name})
        return httpx.Response(200, json={"success": True, "voice": voice})

    @staticmethod
    def _clone(body: dict[str, Any]) -> httpx.Response:
        wav = wav_file(len(pcm_of_source(body)) // 2)
        audio = base64.b64encode(wav).decode()
        answer = example_of(Cloned) | {"result_audio": audio, "stats": STATS}
        return httpx.Response(200, json=answer, headers={"X-Request-ID": "r-1"})

    def _encoded(self, body: dict[str, Any]) -> httpx.Response:
        file = body["format"].encode() + pcm_of_source(body)
        half = len(file) // 2

        def blocks() -> Iterator[bytes]:
            yield file[:half]
            if self.cut_after_lines is not None:
                raise httpx.RemoteProtocolError("peer closed connection")
            yield file[half:]

        return httpx.Response(
            200, stream=Blocks(blocks()), headers={"Content-Type": MEDIA_TYPES[body["format"]]}
        )

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


def _info() -> dict[str, Any]:
    service = SimpleNamespace(engine=FakeEngine(), real_time_factor=0.02)
    return make_info(cast(CloningService, service), Settings()).to_builtins("en")


def refusal(status: int, code: str, retry_after: str | None = None, **facts: Any) -> httpx.Response:
    """Return an error as the API writes it; facts that are not given are the examples'."""
    return httpx.Response(
        status,
        json={
            "success": False,
            "message": "say what to do",
            "error": example_of(ERRORS[code]) | facts,
            "request_id": "r-9",
        },
        headers={"Retry-After": retry_after} if retry_after else {},
    )
