"""A server with more clients than places."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import OK, OVERLOADED, Exchange, open_async_client, post_once
from benchmarks.load import one_by_one
from benchmarks.model import Model
from benchmarks.options import Options
from benchmarks.payload import request_body
from benchmarks.report import Goal, Table
from benchmarks.server import Server

WAITING = 8
REFUSAL_MS = 50.0
SLACK = 1.5
"""Longest latency of a served request, as a multiple of all places' time alone."""

_UPLOAD = "upload"
_TOO_MANY = 2
_PAUSE_SECONDS = 0.2
"""Pause of a refused client, much shorter than the server's Retry-After."""


def measure(
    options: Options, model: Model, alone_seconds: float
) -> tuple[Table, tuple[Goal, Goal]]:
    """Run more clients than the server has places, each asking again and again.

    Args:
        options: What to measure, and how.
        model: Model that makes the requests.
        alone_seconds: Latency of such a request alone.

    Returns:
        A table, and the targets for refusals and for the requests served.

    Raises:
        BenchmarkError: Nothing was refused, nothing was served, or a request failed.
    """
    body = request_body(model, 1.0 if options.quick else 10.0)
    waiting, seconds = (1, 1.0) if options.quick else (WAITING, 10.0)
    places = waiting + 1
    with Server(**options.serving, waiting_requests=waiting, workers=1) as server:
        exchanges = asyncio.run(_crowd(server.url, body, places + _TOO_MANY, seconds))
    served = [exchange for exchange in exchanges if exchange.status == OK]
    refused = [exchange.seconds for exchange in exchanges if exchange.status == OVERLOADED]
    if not served or not refused or len(served) + len(refused) < len(exchanges):
        raise BenchmarkError("nothing was refused, nothing was served, or something failed")
    upload = statistics.median(exchange.stages[_UPLOAD] for exchange in served)
    refusals = Distribution.of(refused)
    service = Distribution.of([exchange.seconds for exchange in served])
    table = Table(
        "Overload",
        f"A server that serves one request while {waiting} wait, and {places + _TOO_MANY} clients "
        "that each send the next request when the last one is served, or "
        f"{_PAUSE_SECONDS:g} s after it is refused. The upload of a served request takes "
        f"{1000 * upload:.1f} ms.",
        ("answer", *COLUMNS),
        [("429", *refusals.milliseconds), ("200", *service.milliseconds)],
    )
    return table, (
        Goal("429 without the upload, p95", 1000 * (refusals.p95 - upload), REFUSAL_MS, "ms"),
        Goal(
            f"p99 of served requests with {places} places, over {places} times one alone",
            service.p99 / (places * alone_seconds),
            SLACK,
            "x",
        ),
    )


async def _crowd(url: str, body: bytes, clients: int, seconds: float) -> list[Exchange]:
    async with open_async_client(url) as client:
        await one_by_one(client, body, 1)
        ends = time.perf_counter() + seconds
        exchanges: list[Exchange] = []

        async def ask() -> None:
            while time.perf_counter() < ends:
                exchange = await post_once(client, body)
                exchanges.append(exchange)
                if exchange.status == OVERLOADED:
                    await asyncio.sleep(_PAUSE_SECONDS)

        await asyncio.gather(*(ask() for _ in range(clients)))
        return exchanges
