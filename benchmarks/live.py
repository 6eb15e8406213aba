"""Live sessions of one server: latency from speech to result, and steps that are late."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks import clips
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import OK, open_async_client, post_once
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.payload import request_body
from benchmarks.report import Cell, Goal, Report, Table
from benchmarks.server import Server
from runtime import Waveform, wav

PRESETS = ("low", "balanced", "exact")
SESSIONS = (1, 2, 4)
SECONDS = {"low": 60.0, "balanced": 20.0, "exact": 20.0}
BATCH_SECONDS = 30.0

LOW_ALONE_MS = 250.0
LOW_OF_FOUR_MS = 300.0
BALANCED_OFFICIAL_MS = 550.0

_BLOCK_SAMPLES = 441
"""What a sound card gives at once: 20 ms."""

_UNLIMITED_LOAD = 1000
_NO_PLACE_STATUSES, _NO_PLACE_CODE = (429, 503), 1013
_SESSION_COLUMNS = (
    "model",
    "preset",
    "sessions",
    "beside",
    "told ms",
    *COLUMNS,
    "steps",
    "late steps",
)


class SessionRefused(BenchmarkError):
    """The server has no place for a session, whatever it was told by: status, message or close."""


@dataclass(frozen=True)
class Session:
    """What one session measured.

    Attributes:
        told_seconds: Latency that the server told.
        behind_seconds: Time from sending a piece's first sample to receiving the piece.
        steps: Steps that the server ran.
        late_steps: Those that were done after they were due.
    """

    told_seconds: float
    behind_seconds: tuple[float, ...]
    steps: int
    late_steps: int


def run(options: Options) -> Report:
    """Measure sessions in real time, alone and beside a request.

    Args:
        options: Models to serve.

    Raises:
        BenchmarkError: A session was refused, broke off or gave too little.
    """
    rows: list[list[Cell]] = []
    goals: list[Goal] = []
    admitted: list[list[Cell]] = []
    for path in options.models:
        model = open_model(path, options)
        found, aims = _measure_model(path, model, options)
        rows += found
        goals += aims
        admitted += _count_admitted(path, model, options)
    return Report(
        "live",
        "Sessions that speak in real time, over loopback, in blocks of 20 ms. The clients share "
        "the machine with the server.",
        (
            Table(
                "Sessions",
                "From sending the first sample of each piece to receiving the piece: everything "
                "from the wait for the chunk to loopback. `told` is what the server says of the "
                f"wait. A session lasts {SECONDS['low']:g} s with `low`, else "
                f"{SECONDS['exact']:g} s; models other than the compact one run a single session. "
                "Batch work is one request after the other, "
                f"{BATCH_SECONDS:g} s of speech each.",
                _SESSION_COLUMNS,
                rows,
            ),
            Table(
                "Admission",
                "Sessions that the server admits by what they cost, with default settings.",
                ("model", "preset", "sessions"),
                admitted,
            ),
        ),
        goals,
    )


def _measure_model(
    path: Path, model: Model, options: Options
) -> tuple[list[list[Cell]], list[Goal]]:
    counts = SESSIONS[:1] if options.quick or model.manifest.variant != "compact" else SESSIONS
    rows: list[list[Cell]] = []
    goals: list[Goal] = []
    serving = dataclasses.replace(options, models=(path,)).serving
    with Server(**serving, live_load=_UNLIMITED_LOAD) as server:
        for preset in PRESETS:
            seconds = 3.0 if options.quick else SECONDS[preset]
            for count in counts:
                for beside in (False, True):
                    sessions = asyncio.run(
                        _measure(server.url, model, preset, count, seconds, beside, options)
                    )
                    behind = [s for session in sessions for s in session.behind_seconds]
                    distribution = Distribution.of(behind)
                    late = sum(session.late_steps for session in sessions)
                    rows.append(
                        [
                            model.label,
                            preset,
                            count,
                            "batch work" if beside else "nothing",
                            1000 * sessions[0].told_seconds,
                            *distribution.milliseconds,
                            sum(session.steps for session in sessions),
                            late,
                        ]
                    )
                    goals += _goals(model, preset, count, beside, distribution, late)
    return rows, goals


def _goals(
    model: Model, preset: str, count: int, beside: bool, found: Distribution, late: int
) -> list[Goal]:
    if model.manifest.variant != "compact":
        if (preset, count, beside) != ("balanced", 1, False):
            return []
        subject = f"{model.label}, balanced, one session, p99"
        return [Goal(subject, 1000 * found.p99, BALANCED_OFFICIAL_MS, "ms")]
    if preset != "low" or count not in (1, 4):
        return []
    subject = f"{model.label}, low, {count} at once" + (" beside batch work" if beside else "")
    goals = [Goal(f"{subject}, late steps", float(late), 0.0)]
    if not beside:
        bound = LOW_ALONE_MS if count == 1 else LOW_OF_FOUR_MS
        goals.append(Goal(f"{subject}, p99", 1000 * found.p99, bound, "ms"))
    return goals


async def _measure(
    url: str,
    model: Model,
    preset: str,
    count: int,
    seconds: float,
    beside: bool,
    options: Options,
) -> list[Session]:
    """Run sessions at once, and batch work beside them if asked for."""
    tone = await _tone(url, model)
    spoken = [clips.of_length(model.cloner, seconds, first) for first in range(count)]
    under_way = asyncio.ensure_future(_work_on(url, model, options)) if beside else None
    try:
        return list(await asyncio.gather(*(_speak(url, clip, tone, preset) for clip in spoken)))
    finally:
        if under_way is not None:
            under_way.cancel()
            await asyncio.wait([under_way])
            if not under_way.cancelled() and under_way.exception():
                raise BenchmarkError("the batch work failed")


async def _work_on(url: str, model: Model, options: Options) -> None:
    body = request_body(model, 2.0 if options.quick else BATCH_SECONDS)
    async with open_async_client(url) as client:
        while True:
            if (await post_once(client, body)).status != OK:
                raise BenchmarkError("the batch work was refused")


async def _tone(url: str, model: Model) -> str:
    clip = wav.encode(clips.of_length(model.cloner, 3.0), model.cloner.sample_rate_hz)
    async with open_async_client(url) as client:
        answer = await client.post("/api/tone", files={"audio": clip})
    tone: str = answer.json()["tone"]
    return tone


async def _speak(url: str, clip: Waveform, tone: str, preset: str) -> Session:
    """Speak a clip in real time and measure how far the result lies behind."""
    connection, ready = await start_session(url, tone, preset)
    async with connection:
        rate_hz = ready["sample_rate"]
        pcm = wav.pcm16(clip)
        sent_at: list[float] = []

        async def send_all() -> None:
            started = time.perf_counter()
            for number, at in enumerate(range(0, len(pcm), 2 * _BLOCK_SAMPLES)):
                # a block is there once its last sample was spoken
                due = started + (number + 1) * _BLOCK_SAMPLES / rate_hz
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                sent_at.append(due)
                await connection.send(pcm[at : at + 2 * _BLOCK_SAMPLES])
            await connection.send(json.dumps({"type": "end"}))

        sending = asyncio.ensure_future(send_all())
        behind: list[float] = []
        received = 0
        while isinstance(message := await connection.recv(), bytes):
            if not sending.done():
                behind.append(time.perf_counter() - sent_at[received // _BLOCK_SAMPLES])
            received += len(message) // 2
        await sending
        done = json.loads(message)
        if done["type"] != "done" or received != len(clip) or not behind:
            raise BenchmarkError(f"a live session ended with {received} samples and {message!r}")
        stats = done["stats"]
        return Session(ready["latency_seconds"], tuple(behind), stats["steps"], stats["late_steps"])


async def start_session(
    url: str, tone: str, preset: str
) -> tuple[ClientConnection, dict[str, Any]]:
    """Open a session; a server without a place may say so before it has read the first message.

    Raises:
        SessionRefused: There is no place.
        BenchmarkError: The session is refused for another reason.
    """
    address = url.replace("http", "ws", 1) + "/api/clone/live"
    start = {"target_tone": tone, "tau": 1.0, "latency": preset}
    try:
        connection = await connect(address, compression=None, proxy=None, max_size=None)
    except InvalidStatus as error:
        if error.response.status_code in _NO_PLACE_STATUSES:
            raise SessionRefused(f"status {error.response.status_code}") from error
        raise
    try:
        await connection.send(json.dumps(start))
        answer: dict[str, Any] = json.loads(await connection.recv())
        if answer["type"] == "ready":
            return connection, answer
        # the reason why comes with the close
        await connection.recv()
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.code == _NO_PLACE_CODE:
            raise SessionRefused(str(error)) from error
        raise BenchmarkError(f"a live session was refused: {error}") from error
    raise BenchmarkError(f"a live session was not started: {answer}")


def _count_admitted(path: Path, model: Model, options: Options) -> list[list[Cell]]:
    """Open silent sessions until one is refused."""
    rows: list[list[Cell]] = []
    with Server(**dataclasses.replace(options, models=(path,)).serving) as server:
        for preset in PRESETS:
            rows.append([model.label, preset, asyncio.run(_fill(server.url, model, preset))])
    return rows


async def _fill(url: str, model: Model, preset: str) -> int:
    tone = await _tone(url, model)
    connections: list[ClientConnection] = []
    try:
        while True:
            try:
                connection, _ = await start_session(url, tone, preset)
            except SessionRefused:
                return len(connections)
            connections.append(connection)
    finally:
        for connection in connections:
            await connection.close()
