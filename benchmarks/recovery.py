"""`recovery`: throughput before and after a server process is killed under load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import numpy as np
import psutil

from benchmarks.exchange import OK, open_async_client, post_once
from benchmarks.model import open_model
from benchmarks.options import Options
from benchmarks.payload import request_body
from benchmarks.report import Cell, Goal, Plot, Report, Table
from benchmarks.server import Server

PROCESSES = 2
CLIENTS = 8
CLIP_SECONDS = 1.0
BACK_SECONDS = 2.0
WINDOW_SECONDS = 1.0
"""Length of the windows in which answers are counted."""

_STEP_SECONDS = 0.1
BACK_SHARE = 0.9
"""Throughput is back in a window with this share of the requests a second before the kill."""


@dataclass(frozen=True)
class Outage:
    """Answers of a server, one of whose processes was killed.

    Attributes:
        killed: Time of the kill, in seconds since the first request.
        ends: Time after which no request was sent.
        served: Times of the answers with 200, in order.
        refused: Answers with another status.
        lost: Requests whose connection broke.
    """

    killed: float
    ends: float
    served: Sequence[float]
    refused: int
    lost: int

    def rate(self, begin: float, end: float) -> float:
        """Return requests served a second between two times."""
        first, last = np.searchsorted(self.served, (begin, end))
        return float(last - first) / (end - begin)

    def rates(self, begin: float, end: float) -> list[tuple[float, float]]:
        """Return the start and the requests a second of each window between two times."""
        starts = np.arange(begin, end - WINDOW_SECONDS + _STEP_SECONDS / 2, _STEP_SECONDS)
        return [(float(start), self.rate(start, start + WINDOW_SECONDS)) for start in starts]

    @property
    def before(self) -> float:
        """Requests served a second until the kill."""
        return self.rate(0.0, self.killed)

    @property
    def back_after(self) -> float:
        """Seconds from the kill to the first window in which throughput is back.

        Where there is none, all the time after the kill.
        """
        for start, rate in self.rates(self.killed, self.ends):
            if rate >= BACK_SHARE * self.before:
                return start - self.killed
        return self.ends - self.killed


def run(options: Options) -> Report:
    """Kill server processes under load, one after the other."""
    model = open_model(options.model, options)
    body = request_body(model, CLIP_SECONDS)
    seconds = 2.0 if options.quick else 10.0
    with Server(
        model=options.model.resolve(),
        provider=options.provider,
        processes=PROCESSES,
        marking="full",
    ) as server:
        asyncio.run(_load(server.url, body, seconds))  # until all processes are ready and warm
        outages = [
            asyncio.run(_load(server.url, body, seconds, kill=_members(server.pid)[0]))
            for _ in range(1 if options.quick else 5)
        ]
    return Report(
        "recovery",
        f"{model.label} with --processes {PROCESSES} and otherwise default settings, under "
        f"{CLIENTS} clients that each send the next request when the last one is answered or its "
        f"connection broke, each request on a connection of its own: {CLIP_SECONDS:g} s of "
        "speech, the target's tone in the cache, marking included. One process is killed with "
        "SIGKILL.",
        [_table(outages)],
        [
            Goal(
                "time until throughput is back, longest",
                max(outage.back_after for outage in outages),
                BACK_SECONDS,
                "s",
            )
        ],
        [_plot(outages)],
    )


def _table(outages: Sequence[Outage]) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            outage.before,
            outage.rate(outage.killed, outage.killed + 1.0),
            outage.rate(outage.killed + 1.0, outage.ends),
            outage.back_after,
            outage.lost,
            outage.refused,
        )
        for outage in outages
    ]
    return Table(
        "Kills",
        f"Throughput is back where the first window of {WINDOW_SECONDS:g} s begins in which "
        f"{BACK_SHARE:.0%} of the requests a second before are served. Each kill takes the process "
        "that has run longest.",
        (
            "requests a second before",
            "in the first second after",
            "later",
            "back after s",
            "requests lost",
            "requests refused",
        ),
        rows,
    )


def _plot(outages: Sequence[Outage]) -> Plot:
    series = {
        f"kill {number}": [
            (start + WINDOW_SECONDS / 2 - outage.killed, rate)
            for start, rate in outage.rates(0.0, outage.ends)
        ]
        for number, outage in enumerate(outages, 1)
    }
    return Plot("recovery", "Throughput", "seconds since the kill", "requests a second", series)


async def _load(
    url: str, body: bytes, seconds: float, kill: psutil.Process | None = None
) -> Outage:
    """Load a server for some seconds, and as long again after a process is killed."""
    served: list[float] = []
    refused = lost = 0
    killed, ends = seconds, seconds if kill is None else 2 * seconds
    async with open_async_client(url, keep_alive=False) as client:
        started = time.perf_counter()

        async def ask() -> None:
            nonlocal refused, lost
            while time.perf_counter() - started < ends:
                try:
                    exchange = await post_once(client, body)
                except httpx.TransportError:
                    lost += 1
                    continue
                if exchange.status == OK:
                    served.append(exchange.started + exchange.seconds - started)
                else:
                    refused += 1

        async def end(process: psutil.Process) -> None:
            nonlocal killed
            await asyncio.sleep(seconds)
            process.kill()
            killed = time.perf_counter() - started

        tasks = [ask() for _ in range(CLIENTS)]
        await asyncio.gather(*tasks, *([] if kill is None else [end(kill)]))
    return Outage(killed, ends, sorted(served), refused, lost)


def _members(parent: int) -> list[psutil.Process]:
    """Return the processes that serve, the oldest first."""
    children = psutil.Process(parent).children()
    members = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    return sorted(members, key=lambda child: (child.create_time(), child.pid))
