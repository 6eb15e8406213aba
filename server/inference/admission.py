"""Admission of requests: a place or 429 at once, and a limit on the memory that all hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from server.messages.error import ApiError
from server.messages.errors import Overloaded

_LONGEST_RETRY_SECONDS = 60
_SMOOTHING = 0.2
"""Weight of the newest request in the running mean of what requests cost."""


class Admission:
    """Counts the admitted requests and the bytes that they hold; used from one event loop.

    Args:
        workers: Inference steps that run at once.
        waiting: Requests that may wait in addition.
        byte_limit: Most bytes that all requests together may hold.
    """

    def __init__(self, workers: int, waiting: int, byte_limit: int) -> None:
        self._workers = workers
        self._places = workers + waiting
        self._byte_limit = byte_limit
        self._mean_seconds = 1.0
        self.admitted = 0
        self.bytes_held = 0

    def check_place(self) -> None:
        """Refuse a request before its body is read where no place is free.

        Raises:
            ApiError: `overloaded`.
        """
        if self.admitted >= self._places:
            raise self._overloaded()

    @contextmanager
    def take_place(self) -> Iterator[None]:
        """Hold a place during the block.

        Raises:
            ApiError: `overloaded`: every place is taken.
        """
        self.check_place()
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    def record_cost(self, seconds: float) -> None:
        """Learn from a served request how long a refused one should wait (Retry-After)."""
        self._mean_seconds += _SMOOTHING * (seconds - self._mean_seconds)

    @contextmanager
    def lease_memory(self) -> Iterator[Lease]:
        """Account for the bytes of one request during the block."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            lease.hold(0)

    def add_bytes(self, more: int) -> None:
        """Add to the bytes held, or subtract where negative.

        Raises:
            ApiError: `overloaded`: the limit would be exceeded; nothing is added.
        """
        if more > 0 and self.bytes_held + more > self._byte_limit:
            raise self._overloaded()
        self.bytes_held += more

    def _overloaded(self) -> ApiError:
        seconds = math.ceil(self.admitted * self._mean_seconds / self._workers)
        retry_seconds = max(1, min(seconds, _LONGEST_RETRY_SECONDS))
        return ApiError(Overloaded(retry_after_seconds=retry_seconds))


class Lease:
    """The bytes that one request holds, set anew as its body becomes audio and audio an answer.

    Args:
        admission: Counts the bytes of all requests.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.bytes_held = 0

    def hold(self, total: int) -> None:
        """Set how many bytes the request holds now.

        Raises:
            ApiError: `overloaded`: there is no memory for them.
        """
        self._admission.add_bytes(total - self.bytes_held)
        self.bytes_held = total

    @contextmanager
    def hold_more(self, extra: int) -> Iterator[None]:
        """Hold additional bytes during the block.

        Raises:
            ApiError: `overloaded`: there is no memory for them.
        """
        self.hold(self.bytes_held + extra)
        try:
            yield
        finally:
            self.hold(max(0, self.bytes_held - extra))
