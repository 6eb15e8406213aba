"""More requests than a server has places for."""

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
"""How much longer than its turn's worth a served request may take."""

_UPLOAD = "upload"
_TOO_MANY = 2
_PAUSE_SECONDS = 0.2
"""Before a client that was refused asks again: far less than it was told."""


def measure(
    options: Options, model: Model, alone_seconds: float
) -> tuple[Table, tuple[Goal, Goal]]:
    """Have more clients than places ask a server again and again.

    Args:
        options: what to serve with.
        model: makes the requests.
        alone_seconds: what such a request takes by itself.

    Raises:
        BenchmarkError: nothing was refused, or something failed otherwise.
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
        f"A server that works on one request while {waiting} wait, and {places + _TOO_MANY} "
        "clients that ask again as soon as they are served, or a moment after they were refused. "
        f"An upload of what is served takes {1000 * upload:.1f} ms there.",
        ("answer", *COLUMNS),
        [("429", *refusals.milliseconds), ("200", *service.milliseconds)],
    )
    return table, (
        Goal("429 without the upload, p95", 1000 * (refusals.p95 - upload), REFUSAL_MS, "ms"),
        Goal(
            f"p99 of those served with {places} places, over {places} times one alone",
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
