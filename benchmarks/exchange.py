"""Requests to a server, and what each took by the client's clock and by the server's."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError

TIMEOUT_SECONDS = 600.0
OK = 200
OVERLOADED = 429

_WAV_HEADER_BYTES = 44
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Exchange:
    """One request that was answered.

    Attributes:
        started: by `time.perf_counter`.
        seconds: from the first byte sent to the last one received.
        status: of the answer.
        stages: seconds by stage, as the server told them.
    """

    started: float
    seconds: float
    status: int
    stages: Mapping[str, float]


def clone_body(source: bytes, *, target: bytes | None = None, tone: str | None = None) -> bytes:
    """Write the body of a request to clone, deterministic and at full strength.

    Args:
        source: an audio file.
        target: another.
        tone: what /api/tone gave, in place of the target.
    """
    fields: dict[str, object] = {"tau": 1, "temperature": 0}
    if target is not None:
        fields["target_audio"] = base64.b64encode(target).decode("ascii")
    if tone is not None:
        fields["target_tone"] = tone
    fields["source_audio"] = base64.b64encode(source).decode("ascii")
    return json.dumps(fields).encode()


def open_client(url: str) -> httpx.Client:
    """Open a client that keeps its connection."""
    return httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)


def open_async_client(url: str) -> httpx.AsyncClient:
    """Open a client for many requests at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False)


def post(client: httpx.Client, body: bytes, path: str = "/api/clone") -> httpx.Response:
    """Post a body.

    Raises:
        BenchmarkError: the answer is not 200.
    """
    response = client.post(path, content=body, headers=_JSON)
    if response.status_code != OK:
        raise BenchmarkError(f"{path} answered {response.status_code}: {response.text[:300]}")
    return response


async def post_once(client: httpx.AsyncClient, body: bytes) -> Exchange:
    """Post a clone request and note what it took, whatever the answer."""
    started = time.perf_counter()
    response = await client.post("/api/clone", content=body, headers=_JSON)
    seconds = time.perf_counter() - started
    stages = stages_of(response.headers.get("Server-Timing", ""))
    return Exchange(started, seconds, response.status_code, stages)


def stages_of(server_timing: str) -> dict[str, float]:
    """Read a Server-Timing header: seconds by stage."""
    found = {}
    for part in server_timing.split(","):
        name, _, duration = part.strip().partition(";dur=")
        if duration:
            found[name] = float(duration) / 1000
    return found


def audio_of(response: httpx.Response) -> NDArray[np.int16]:
    """Read the samples of a clone's answer, [samples]."""
    file = base64.b64decode(response.json()["result_audio"])
    return np.frombuffer(file, "<i2", offset=_WAV_HEADER_BYTES)


@dataclass(frozen=True)
class Streamed:
    """A stream as it arrived.

    Attributes:
        first_line: seconds until its format was known.
        first_audio: seconds until there was something to play.
        seconds: until its end.
        audio: all of it, [samples].
    """

    first_line: float
    first_audio: float
    seconds: float
    audio: NDArray[np.int16]


def stream(client: httpx.Client, body: bytes) -> Streamed:
    """Post a body to /api/clone/stream and follow the answer.

    Raises:
        BenchmarkError: the answer is not 200, or ends before its end.
    """
    started = time.perf_counter()
    arrived: list[tuple[float, str]] = []
    with client.stream("POST", "/api/clone/stream", content=body, headers=_JSON) as response:
        if response.status_code != OK:
            raise BenchmarkError(f"the stream answered {response.status_code}")
        for line in response.iter_lines():
            arrived.append((time.perf_counter() - started, line))
    lines = [json.loads(line) for _, line in arrived]
    if len(lines) < 3 or not lines[-1]["success"] or "stats" not in lines[-1]:
        raise BenchmarkError(f"the stream ended with {arrived[-1:]}")
    pieces = [np.frombuffer(base64.b64decode(line["audio"]), "<i2") for line in lines[1:-1]]
    return Streamed(arrived[0][0], arrived[1][0], arrived[-1][0], np.concatenate(pieces))
