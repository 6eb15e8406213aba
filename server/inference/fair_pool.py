"""A thread pool that serves live steps first, then short requests, and lets no long one starve."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from server.inference.request_account import QUEUE, RequestAccount

T = TypeVar("T")

_FREE_SECONDS = 0.5
"""Work that a request is given before others go first: short ones run in order of arrival."""

_Turn = tuple[float, int, asyncio.Future[None]]

_AGING = 0.1
"""Seconds of work that one second of waiting offsets, so that a long request never starves."""


class FairPool:
    """A thread pool that orders steps by the work their requests were given; for one event loop.

    A request asks for one step (such as a window) at a time. A step is never interrupted; between
    steps, requests that were given little work go first. So a short request overtakes long ones,
    while waiting raises the rank of a long one until its turn comes.

    A live step goes before every other step, the one that is due first before the others. While
    there are sessions that have such steps, one thread is kept for them.

    Args:
        workers: Steps that run at once; one more where there is a single one and live steps come.
        name: Prefix of the threads' names.
    """

    def __init__(self, workers: int, name: str) -> None:
        self.workers = workers
        self.running = 0
        self._size = max(2, workers)
        self._threads = ThreadPoolExecutor(self._size, thread_name_prefix=name)
        self._reservations = 0
        self._waiting: list[_Turn] = []
        self._waiting_live: list[_Turn] = []
        self._arrivals = itertools.count()

    @contextmanager
    def reserve_thread(self) -> Iterator[None]:
        """Keep one thread for live steps during the block."""
        self._reservations += 1
        try:
            yield
        finally:
            self._reservations -= 1
            self._start_waiting()

    async def run(
        self,
        account: RequestAccount,
        stage: str,
        step: Callable[..., T],
        *arguments: Any,
        due_at: float | None = None,
    ) -> T:
        """Run one step of a request when its turn comes; cancelling before that gives up the turn.

        Args:
            account: The request's account, to which the step's time and its waiting are added.
            stage: Stage that the step's time is added to.
            step: Called with the arguments in a thread of the pool.
            arguments: Arguments of the step.
            due_at: When a live step should be done (`time.monotonic`); None for other steps.

        Returns:
            What the step returns; what it raises is raised.
        """

        def timed() -> T:
            started = time.perf_counter()
            account.add_time(QUEUE, started - asked)
            try:
                return step(*arguments)
            finally:
                seconds = time.perf_counter() - started
                account.add_time(stage, seconds)
                account.attained_seconds += seconds

        asked = time.perf_counter()
        await self._wait_for_turn(account, due_at)
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
                # One iteration later, so that the same request can ask for its next step first: a
                # short request then finishes, instead of waiting for a long one's step each time.
                loop.call_soon(self._pass_on)
            else:
                # Cancelled, but the step cannot be interrupted: the thread is free when it ends.
                under_way.add_done_callback(partial(self._pass_on_from_thread, loop))

    def close(self) -> None:
        """Release the threads; steps that have not begun never run."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _wait_for_turn(self, account: RequestAccount, due_at: float | None) -> None:
        if self.running < self._limit(due_at):
            self.running += 1
            return
        future = asyncio.get_running_loop().create_future()
        if due_at is None:
            rank = max(0.0, account.attained_seconds - _FREE_SECONDS) + _AGING * account.started_at
            heapq.heappush(self._waiting, (rank, next(self._arrivals), future))
        else:
            turn = (due_at, next(self._arrivals), future)
            heapq.heappush(self._waiting_live, turn)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._pass_on()
            raise

    def _limit(self, due_at: float | None) -> int:
        if due_at is not None:
            return self._size
        return min(self.workers, self._size - 1) if self._reservations else self.workers

    def _pass_on_from_thread(self, loop: asyncio.AbstractEventLoop, _: Future[Any]) -> None:
        with suppress(RuntimeError):  # The loop has ended, so nothing waits for a turn.
            loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        self.running -= 1
        self._start_waiting()

    def _start_waiting(self) -> None:
        while self._waiting_live and self.running < self._size:
            self._start_first(self._waiting_live)
        while self._waiting and self.running < self._limit(None):
            self._start_first(self._waiting)

    def _start_first(self, waiting: list[_Turn]) -> None:
        _, _, future = heapq.heappop(waiting)
        if not future.done():
            self.running += 1
            future.set_result(None)
