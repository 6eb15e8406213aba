"""Closed-loop and open-loop load on a server."""

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
    """Answers of a server under load.

    Attributes:
        exchanges: Every answered request, in the order of their ends.
        seconds: Time from the first request's start to the last answer.
    """

    exchanges: Sequence[Exchange]
    seconds: float

    @property
    def throughput(self) -> float:
        """Requests answered with 200, a second."""
        return len(self.served) / self.seconds

    @property
    def served(self) -> list[Exchange]:
        """Requests answered with 200."""
        return [exchange for exchange in self.exchanges if exchange.status == OK]

    @property
    def latency(self) -> Distribution:
        """Latency of the requests answered with 200.

        Raises:
            BenchmarkError: There are none.
        """
        if not self.served:
            raise BenchmarkError("no request was served")
        return Distribution.of([exchange.seconds for exchange in self.served])

    def stage(self, name: str) -> Distribution:
        """Summarise one stage of the requests answered with 200, by the server's clock.

        Args:
            name: Name of the stage.
        """
        return Distribution.of([exchange.stages.get(name, 0.0) for exchange in self.served])


async def closed_loop(
    url: str, body: bytes, clients: int, seconds: float, most_requests: int
) -> Load:
    """Run clients that each send the next request when the last one is answered.

    Args:
        url: Address of the server.
        body: Body of every request.
        clients: Number of clients.
        seconds: Time after which no request is sent.
        most_requests: Requests after which no more are sent; each client sends at least one.

    Returns:
        The answers.
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
    """Send requests at the random times of a seeded Poisson process, answered or not.

    Args:
        url: Address of the server.
        body: Body of every request.
        per_second: Mean number of requests a second.
        seconds: Time after which no request is sent.
        most_requests: Number of requests after which no more are sent.

    Returns:
        The answers.
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
        client: Client to send them with.
        body: Body of every request.
        requests: Most requests to send.
        beside: Task after whose end no more are sent.

    Returns:
        The answers.
    """
    exchanges = []
    for _ in range(requests):
        if beside is not None and beside.done():
            break
        exchanges.append(await post_once(client, body))
    return exchanges
