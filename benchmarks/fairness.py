"""Latency of short requests while long ones are being served."""

from __future__ import annotations

import asyncio

from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import OK, Exchange, open_async_client, post_once
from benchmarks.load import one_by_one
from benchmarks.model import Model
from benchmarks.options import Options
from benchmarks.payload import request_body
from benchmarks.report import Goal, Table
from benchmarks.server import Server

SHORT_SECONDS = 1.0
LONG_SECONDS = 300.0
LONG_REQUESTS = 4
SLOWDOWN = 6.0

_PAUSE_SECONDS = 1.0


def measure(options: Options, model: Model) -> tuple[Table, Goal]:
    """Measure short requests alone, then during long ones.

    Args:
        options: What to measure, and how.
        model: Model that makes the requests.

    Returns:
        A table, and the target for the slowdown of short requests.

    Raises:
        BenchmarkError: A request failed, or the long ones ended too soon.
    """
    short = request_body(model, SHORT_SECONDS)
    long_seconds = 20.0 if options.quick else LONG_SECONDS
    long = request_body(model, long_seconds)
    with Server(**options.serving) as server:
        alone, beside, longs = asyncio.run(_measure(server.url, short, long, options))
    exchanges = [*alone, *beside, *longs]
    if not beside or any(exchange.status != OK for exchange in exchanges):
        raise BenchmarkError("a request failed, or no short one was served during the long ones")
    before = Distribution.of([exchange.seconds for exchange in alone])
    during = Distribution.of([exchange.seconds for exchange in beside])
    after = Distribution.of([exchange.seconds for exchange in longs])
    table = Table(
        "Fairness",
        f"Requests of {SHORT_SECONDS:g} s, one after the other: alone, and while {LONG_REQUESTS} "
        f"of {long_seconds:g} s are being served.",
        ("requests", *COLUMNS),
        [
            (f"{SHORT_SECONDS:g} s, alone", *before.milliseconds),
            (f"{SHORT_SECONDS:g} s, during {LONG_REQUESTS} long ones", *during.milliseconds),
            (f"{long_seconds:g} s", *after.milliseconds),
        ],
    )
    slowdown = during.median / before.median
    return table, Goal(
        f"latency of {SHORT_SECONDS:g} s during {LONG_REQUESTS} of {long_seconds:g} s, over alone",
        slowdown,
        SLOWDOWN,
        "x",
    )


async def _measure(
    url: str, short: bytes, long: bytes, options: Options
) -> tuple[list[Exchange], list[Exchange], list[Exchange]]:
    async with open_async_client(url) as client:
        await one_by_one(client, short, 2)
        alone = await one_by_one(client, short, 3 if options.quick else 20)
        under_way = asyncio.gather(*(post_once(client, long) for _ in range(LONG_REQUESTS)))
        # until the long ones are uploaded, decoded and being converted
        await asyncio.sleep(0.05 if options.quick else _PAUSE_SECONDS)
        beside = await one_by_one(client, short, 3 if options.quick else 40, beside=under_way)
        return alone, beside, list(await under_way)
