"""More requests than a server has places for."""

from __future__ import annotations

import asyncio
import statistics

from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import OK, OVERLOADED, Exchange, open_async_client
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


def measure(
    options: Options, model: Model, alone_seconds: float
) -> tuple[Table, tuple[Goal, Goal]]:
    """Fill every place of a server with a small queue, and ask for more.

    Args:
        options: what to serve with.
        model: makes the requests.
        alone_seconds: what such a request takes by itself.

    Raises:
        BenchmarkError: nothing was refused, or something failed otherwise.
    """
    body = request_body(model, 1.0 if options.quick else 10.0)
    with Server(options.model, options, waiting_requests=WAITING) as server:
        probes, crowd = asyncio.run(_measure(server.url, body, options))
    served = [exchange for exchange in crowd if exchange.status == OK]
    refused = [exchange for exchange in [*probes, *crowd] if exchange.status == OVERLOADED]
    if not served or not refused or len(served) + len(refused) > len(probes) + len(crowd):
        raise BenchmarkError("nothing was refused, or nothing was served")
    upload = statistics.median(exchange.stages[_UPLOAD] for exchange in served)
    refusals = Distribution.of(
        [exchange.seconds for exchange in probes if exchange.status == OVERLOADED]
        or [exchange.seconds for exchange in refused]
    )
    places = WAITING + 1
    service = Distribution.of([exchange.seconds for exchange in served])
    table = Table(
        "Overload",
        f"A server with one place at work and {WAITING} to wait in, each taken by a client that "
        "asks again at once; one more client asks besides. An upload of such a request takes "
        f"{1000 * upload:.1f} ms there.",
        ("answer", *COLUMNS),
        [
            ("429 to the one besides", *refusals.milliseconds),
            ("200 to the others", *service.milliseconds),
        ],
    )
    return table, (
        Goal("429 without the upload", 1000 * (refusals.p95 - upload), REFUSAL_MS, "ms"),
        Goal(
            f"p99 of those served with {places} places, over {places} times one alone",
            service.p99 / (places * alone_seconds),
            SLACK,
            "x",
        ),
    )


async def _measure(
    url: str, body: bytes, options: Options
) -> tuple[list[Exchange], list[Exchange]]:
    turns = 2 if options.quick else 4
    async with open_async_client(url) as client:
        await one_by_one(client, body, 1)
        crowd = asyncio.gather(*(one_by_one(client, body, turns) for _ in range(WAITING + 1)))
        await asyncio.sleep(0.1)
        probes: list[Exchange] = []
        while not crowd.done():
            probes += await one_by_one(client, body, 1)
        return probes, [exchange for answers in await crowd for exchange in answers]
