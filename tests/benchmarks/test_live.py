from __future__ import annotations

import asyncio
import dataclasses
import http
import json

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from benchmarks import live
from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of


@pytest.mark.parametrize("told", ["by status", "at once", "after the message", "in a message"])
def test_a_refusal_may_come_at_any_moment(told: str) -> None:
    with pytest.raises(live.SessionRefused):
        asyncio.run(_start_refused(told, 1013))


@pytest.mark.parametrize("told", ["at once", "after the message", "in a message"])
def test_another_close_is_no_refusal(told: str) -> None:
    with pytest.raises(BenchmarkError) as caught:
        asyncio.run(_start_refused(told, 1011))
    assert not isinstance(caught.value, live.SessionRefused)


async def _start_refused(told: str, code: int) -> None:
    def answer(connection: ServerConnection, request: Request) -> Response | None:
        if told == "by status":
            return connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, "")
        return None

    async def refuse(connection: ServerConnection) -> None:
        if told != "at once":
            await connection.recv()
        if told == "in a message":
            await connection.send(json.dumps({"type": "error", "error": {}}))
        await connection.close(code)

    async with serve(refuse, "127.0.0.1", 0, process_request=answer) as server:
        port = server.sockets[0].getsockname()[1]
        await live.start_session(f"http://127.0.0.1:{port}", "tone", "low")


@pytest.mark.slow
def test_sessions_are_measured_alone_and_beside_batch_work(options: Options) -> None:
    report = live.run(dataclasses.replace(options))
    check(report, options)
    rows = rows_of(report, "Sessions")
    assert {(row["preset"], row["beside"]) for row in rows} == {
        (preset, beside) for preset in live.PRESETS for beside in ("nothing", "batch work")
    }
    for row in rows:
        told, median = row["told ms"], row["median ms"]
        assert isinstance(told, float)
        assert isinstance(median, float)
        # the oldest sample of a piece has waited for all of its window
        assert median > 0.9 * told
        steps = row["steps"]
        assert isinstance(steps, int)
        assert steps > 3
    assert {row["preset"] for row in rows_of(report, "Admission")} == set(live.PRESETS)
