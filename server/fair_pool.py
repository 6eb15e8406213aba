"""Threads that take the next step of the request that had least, not of the one that came first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from server.job import Job

T = TypeVar("T")

_FREE_SECONDS = 0.5
"""Work that a request has before it makes way: short ones run through in order of arrival."""

_AGING = 0.1
"""Seconds of work that a second of waiting is worth, so that a long request never starves."""


class FairPool:
    """A thread pool whose turns go by what each request has had; used from one event loop.

    A request asks for one step (such as a window) at a time. A step runs to its end; between
    steps the requests that had little go first, so that a short one passes long ones by, while
    a long one ages until its turn comes whatever else arrives.

    Args:
        workers: Steps that run at once.
        name: Of the threads.
    """

    def __init__(self, workers: int, name: str) -> None:
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._free = workers
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def running(self) -> int:
        """Steps under way."""
        return self.workers - self._free

    async def run(self, job: Job, stage: str, step: Callable[..., T], *arguments: Any) -> T:
        """Run one step of a request in its turn; to cancel it before that gives up the turn.

        Args:
            job: The request; it is told how long the step took and how long it waited.
            stage: What the step's time counts as.
            step: Called with the arguments in a thread of the pool.
            arguments: For the step.

        Returns:
            What the step returns; what it raises is raised.
        """

        def timed() -> T:
            started = time.perf_counter()
            job.timings.add("queue", started - asked)
            try:
                return step(*arguments)
            finally:
                seconds = time.perf_counter() - started
                job.timings.add(stage, seconds)
                job.attained_seconds += seconds

        asked = time.perf_counter()
        await self._turn(job)
        loop = asyncio.get_running_loop()
        try:
            under_way = self._threads.submit(timed)
        except BaseException:
            self._pass_on()
            raise
        try:
            return await asyncio.wrap_future(under_way)
        finally:
            if under_way.done():
                # Only after the request that had this turn could ask for its next one: a short
                # request then runs through, instead of waiting for a long one's window each time.
                loop.call_soon(self._pass_on)
            else:
                # Cancelled, but a step runs to its end: the thread is free only then.
                under_way.add_done_callback(partial(self._pass_on_from_thread, loop))

    def close(self) -> None:
        """Let go of the threads; steps that have not begun never run."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _turn(self, job: Job) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        rank = max(0.0, job.attained_seconds - _FREE_SECONDS) + _AGING * job.started_at
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on_from_thread(self, loop: asyncio.AbstractEventLoop, _: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits for a turn
            loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
