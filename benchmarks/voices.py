"""Stored voices: time to get, list, add and delete one where there are many, and to start."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import numpy as np

from benchmarks import clips
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import clone_body, open_client, post
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.report import Cell, Goal, Report, Table
from benchmarks.server import Server
from runtime import wav

VOICES = 100_000
PAGE = 100
P95_MS = 10.0
START_RATIO = 1.1

_CREATED = 201
_FIRST = "voice-000000"
_SOURCE_SECONDS = 0.5


def run(options: Options) -> Report:
    """Measure requests on stored voices, one after the other.

    Args:
        options: Model to serve.

    Raises:
        BenchmarkError: A request was not answered as it should be.
    """
    voices = 500 if options.quick else VOICES
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voices.db"
        model = open_model(options.model, options)
        rows, goals = _measure_requests(model, path, voices, options)
        starts = _measure_starts(path, options)
    with_voices, without = (median(seconds) for seconds in starts.values())
    return Report(
        "voices",
        f"A SQLite file of {voices} voices, over loopback, one request after the other.",
        (
            Table(
                "Requests",
                f"From sending a request to its whole answer. A page has {PAGE} voices. `by name` "
                f"clones {_SOURCE_SECONDS:g} s with a stored voice as the target, `by tone` with "
                "the same tone in the request.",
                ("request", *COLUMNS),
                rows,
            ),
            Table(
                "Start",
                "From starting the process to the first 200 of /readyz.",
                ("server", *COLUMNS),
                [(name, *Distribution.of(each).milliseconds) for name, each in starts.items()],
            ),
        ),
        (
            *goals,
            Goal("start with voices over start without", with_voices / without, START_RATIO, "x"),
        ),
    )


def _measure_requests(
    model: Model, path: Path, voices: int, options: Options
) -> tuple[list[list[Cell]], list[Goal]]:
    turns = 5 if options.quick else 300
    random = np.random.default_rng(0)
    serving = {**options.serving, "voices": path, "voices_maximum": 2 * VOICES}
    taken: dict[str, list[float]] = {}

    def timed(name: str, request: Callable[[], httpx.Response], status: int = 200) -> None:
        started = time.perf_counter()
        answer = request()
        taken.setdefault(name, []).append(time.perf_counter() - started)
        if answer.status_code != status:
            raise BenchmarkError(f"{name} answered {answer.status_code}: {answer.text[:300]}")

    rate_hz = model.cloner.sample_rate_hz
    source = wav.encode(clips.of_length(model.cloner, _SOURCE_SECONDS), rate_hz)
    target = wav.encode(clips.of_length(model.cloner, 3.0, first=1), rate_hz)
    with Server(**serving) as server, open_client(server.url) as client:
        tone = client.post("/api/tone", files={"audio": target}).json()["tone"]
        client.post("/api/voices", json={"name": _FIRST, "tone": tone})
        _fill(path, voices)
        by_tone = clone_body(source, tone=tone)
        fields = json.loads(by_tone)
        del fields["target_tone"]
        for turn in range(turns):
            name = f"voice-{random.integers(voices):06}"
            new = {"name": f"new-{turn}", "tone": tone}
            timed("get", partial(client.get, f"/api/voices/{name}"))
            page: dict[str, str | int] = {"after": name, "limit": PAGE}
            timed("list", partial(client.get, "/api/voices", params=page))
            timed("add", partial(client.post, "/api/voices", json=new), _CREATED)
            timed("delete", partial(client.delete, f"/api/voices/new-{turn}"))
            by_name = json.dumps(fields | {"target_voice": name}).encode()
            timed("clone by name", partial(post, client, by_name))
            timed("clone by tone", partial(post, client, by_tone))
    found = {name: Distribution.of(seconds) for name, seconds in taken.items()}
    goals = [
        Goal(f"{name}, p95", 1000 * found[name].p95, P95_MS, "ms")
        for name in ("get", "list", "add", "delete")
    ]
    return [[name, *each.milliseconds] for name, each in found.items()], goals


def _fill(path: Path, voices: int) -> None:
    """Copy the one voice of a file under other names, which takes seconds instead of minutes."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            """WITH RECURSIVE numbers (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ? - 1
            )
            INSERT INTO openvoice_voices
            SELECT printf('%032x', n), owner, printf('voice-%06d', n), model_id, seconds, clips,
                created, warnings, has_audio
            FROM numbers, openvoice_voices WHERE name = ?""",
            (voices, _FIRST),
        )
        connection.execute(
            """INSERT INTO openvoice_tones SELECT v.id, t.model_id, t.tone
            FROM openvoice_voices v, openvoice_tones t WHERE v.name <> ?""",
            (_FIRST,),
        )
        connection.execute("UPDATE openvoice_owners SET voices = ?", (voices,))
    connection.close()


def _measure_starts(path: Path, options: Options) -> dict[str, list[float]]:
    serving = {"with the voices": {"voices": path}, "without voices": {}}
    taken: dict[str, list[float]] = {name: [] for name in serving}
    for turn in range(2 if options.quick else 11):
        # In turns, so that what else the machine does falls on both.
        for name in list(serving)[:: 1 if turn % 2 else -1]:
            with Server(**options.serving, **serving[name]) as server:
                taken[name].append(server.ready_seconds)
    return taken
