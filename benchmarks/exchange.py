"""HTTP requests to a server, timed by the client's clock and by the server's."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError

TIMEOUT_SECONDS = 600.0
OK = 200
OVERLOADED = 429

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Exchange:
    """Times and status of one answered request.

    Attributes:
        started: Start of the request, by `time.perf_counter`.
        seconds: Time from the start to the last byte of the answer.
        status: Status code of the answer.
        stages: Seconds by stage, from the answer's Server-Timing header.
    """

    started: float
    seconds: float
    status: int
    stages: Mapping[str, float]


def clone_body(source: bytes, *, target: bytes | None = None, tone: str | None = None) -> bytes:
    """Write the JSON body of a clone request with tau 1 and temperature 0.

    Args:
        source: Bytes of the source audio file.
        target: Bytes of the target audio file.
        tone: Tone token from /api/tone, to send instead of a target.

    Returns:
        The body.
    """
    fields: dict[str, object] = {"tau": 1, "temperature": 0}
    if target is not None:
        fields["target_audio"] = base64.b64encode(target).decode("ascii")
    if tone is not None:
        fields["target_tone"] = tone
    fields["source_audio"] = base64.b64encode(source).decode("ascii")
    return json.dumps(fields).encode()


def open_client(url: str) -> httpx.Client:
    """Open a client that keeps its connection open between requests.

    Args:
        url: Address of the server.
    """
    return httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)


def open_async_client(url: str, *, keep_alive: bool = True) -> httpx.AsyncClient:
    """Open a client for any number of simultaneous requests.

    Args:
        url: Address of the server.
        keep_alive: Whether connections are used again; otherwise each request opens its own.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None if keep_alive else 0)
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False)


def post(client: httpx.Client, body: bytes, path: str = "/api/clone") -> httpx.Response:
    """Post a JSON body.

    Args:
        client: Client to post with.
        body: The body.
        path: Path of the endpoint.

    Returns:
        The response.

    Raises:
        BenchmarkError: The status is not 200.
    """
    response = client.post(path, content=body, headers=_JSON)
    if response.status_code != OK:
        raise BenchmarkError(f"{path} answered {response.status_code}: {response.text[:300]}")
    return response


async def post_once(client: httpx.AsyncClient, body: bytes) -> Exchange:
    """Post a clone request and time it, whatever the answer.

    Args:
        client: Client to post with.
        body: The body.

    Returns:
        The times and the status.
    """
    started = time.perf_counter()
    response = await client.post("/api/clone", content=body, headers=_JSON)
    seconds = time.perf_counter() - started
    stages = stages_of(response.headers.get("Server-Timing", ""))
    return Exchange(started, seconds, response.status_code, stages)


def stages_of(server_timing: str) -> dict[str, float]:
    """Parse a Server-Timing header.

    Args:
        server_timing: Value of the header.

    Returns:
        Seconds by stage.
    """
    found = {}
    for part in server_timing.split(","):
        name, _, duration = part.strip().partition(";dur=")
        if duration:
            found[name] = float(duration) / 1000
    return found


def audio_of(response: httpx.Response) -> NDArray[np.int16]:
    """Decode the audio of a clone response, [samples]."""
    file = io.BytesIO(base64.b64decode(response.json()["result_audio"]))
    samples: NDArray[np.int16] = soundfile.read(file, dtype="int16")[0]
    return samples


@dataclass(frozen=True)
class Streamed:
    """A streamed response and its times.

    Attributes:
        first_line: Seconds until the first line, which names the format.
        first_audio: Seconds until the first audio.
        seconds: Seconds until the end of the response.
        audio: The whole audio, [samples].
    """

    first_line: float
    first_audio: float
    seconds: float
    audio: NDArray[np.int16]


def stream(client: httpx.Client, body: bytes) -> Streamed:
    """Post a body to /api/clone/stream and read the response as it arrives.

    Args:
        client: Client to post with.
        body: The body.

    Returns:
        The audio and its times.

    Raises:
        BenchmarkError: The status is not 200, or the stream ended early.
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
