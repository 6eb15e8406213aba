"""Load on a server: clients that wait for their answers, and requests that come when they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np

from benchmarks.distribution import Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import OK, Exchange, open_async_client, post_once


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes:
        exchanges: every answered request, in order of their ends.
        seconds: from the first request's start to the last answer.
    """

    exchanges: Sequence[Exchange]
    seconds: float

    @property
    def throughput(self) -> float:
        """Requests served a second."""
        return len(self.served) / self.seconds

    @property
    def served(self) -> list[Exchange]:
        """Those that were answered with 200."""
        return [exchange for exchange in self.exchanges if exchange.status == OK]

    @property
    def latency(self) -> Distribution:
        """Of the requests served.

        Raises:
            BenchmarkError: none was.
        """
        if not self.served:
            raise BenchmarkError("no request was served")
        return Distribution.of([exchange.seconds for exchange in self.served])

    def stage(self, name: str) -> Distribution:
        """Of one stage of the requests served, as the server told it."""
        return Distribution.of([exchange.stages.get(name, 0.0) for exchange in self.served])


async def closed_loop(
    url: str, body: bytes, clients: int, seconds: float, most_requests: int
) -> Load:
    """Let clients ask again as soon as they are answered.

    Args:
        url: of the server.
        body: that each sends.
        clients: at once.
        seconds: none asks after so long.
        most_requests: nor after so many in all, but each asks once.
    """
    exchanges: list[Exchange] = []
    left = most_requests
    async with open_async_client(url) as client:
        started = time.perf_counter()

        async def ask() -> None:
            nonlocal left
            while True:
                left -= 1
                exchanges.append(await post_once(client, body))
                if left <= 0 or time.perf_counter() - started > seconds:
                    return

        await asyncio.gather(*(ask() for _ in range(clients)))
        return Load(exchanges, time.perf_counter() - started)


async def open_loop(
    url: str, body: bytes, per_second: float, seconds: float, most_requests: int
) -> Load:
    """Send requests at random moments, whether or not those before were answered.

    Args:
        url: of the server.
        body: of each.
        per_second: how many on average (a Poisson process, seeded).
        seconds: none is sent after so long.
        most_requests: nor after so many.
    """
    gaps = np.random.default_rng(0).exponential(1 / per_second, most_requests)
    moments = np.cumsum(gaps)
    moments = moments[: max(1, int(np.searchsorted(moments, seconds)))]
    async with open_async_client(url) as client:
        started = time.perf_counter()

        async def ask(moment: float) -> Exchange:
            await asyncio.sleep(started + moment - time.perf_counter())
            return await post_once(client, body)

        exchanges = await asyncio.gather(*(ask(float(moment)) for moment in moments))
        return Load(exchanges, time.perf_counter() - started)


async def one_by_one(
    client: httpx.AsyncClient,
    body: bytes,
    requests: int,
    beside: asyncio.Future[Any] | None = None,
) -> list[Exchange]:
    """Send requests one after the other.

    Args:
        client: sends them.
        body: of each.
        requests: how many at most.
        beside: what goes on meanwhile; none is sent after its end.
    """
    exchanges = []
    for _ in range(requests):
        if beside is not None and beside.done():
            break
        exchanges.append(await post_once(client, body))
    return exchanges
