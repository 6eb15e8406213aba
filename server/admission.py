"""Who gets in: a place or 429 at once, and a ceiling on the memory that requests hold together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import ApiError

_LONGEST_RETRY_SECONDS = 60
_SMOOTHING = 0.2
"""Weight of the newest request in the running mean of what requests cost."""


class Admission:
    """Counts the requests and the bytes that are in; used from one event loop.

    Args:
        workers: Requests that can be worked on at once.
        waiting: Requests that may wait besides.
        byte_limit: Bytes that all requests may hold.
    """

    def __init__(self, workers: int, waiting: int, byte_limit: int) -> None:
        self._workers = workers
        self._places = workers + waiting
        self._byte_limit = byte_limit
        self._mean_seconds = 1.0
        self.admitted = 0
        self.bytes_held = 0

    def check(self) -> None:
        """Refuse early a request whose body need not be read, since there is no place for it.

        Raises:
            ApiError: `overloaded`.
        """
        if self.admitted >= self._places:
            raise self._overloaded()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while the block runs.

        Raises:
            ApiError: `overloaded`: as many are waiting as may.
        """
        self.check()
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    def served(self, seconds: float) -> None:
        """Learn what a request cost, for the Retry-After of those that are refused."""
        self._mean_seconds += _SMOOTHING * (seconds - self._mean_seconds)

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Account for the bytes of one request while the block runs."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            lease.hold(0)

    def hold(self, more: int) -> None:
        """Count bytes in, or out where negative.

        Raises:
            ApiError: `overloaded`: they are more than may be held; none are counted.
        """
        if more > 0 and self.bytes_held + more > self._byte_limit:
            raise self._overloaded()
        self.bytes_held += more

    def _overloaded(self) -> ApiError:
        seconds = math.ceil(self.admitted * self._mean_seconds / self._workers)
        return ApiError.retry("overloaded", max(1, min(seconds, _LONGEST_RETRY_SECONDS)))


class Lease:
    """The bytes that one request holds, set anew as its body becomes audio and audio an answer."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.bytes_held = 0

    def hold(self, total: int) -> None:
        """Say how many bytes the request holds now.

        Raises:
            ApiError: `overloaded`: there is no room for them.
        """
        self._admission.hold(total - self.bytes_held)
        self.bytes_held = total

    @contextmanager
    def more(self, extra: int) -> Iterator[None]:
        """Hold bytes besides while the block runs.

        Raises:
            ApiError: `overloaded`: there is no room for them.
        """
        self.hold(self.bytes_held + extra)
        try:
            yield
        finally:
            self.hold(max(0, self.bytes_held - extra))
