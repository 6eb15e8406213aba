"""Limits on what each API key may use: requests a minute, and seconds of audio a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from server.messages.error import ApiError
from server.messages.errors import Limited, RateLimited
from server.settings import Settings

_MINUTE_SECONDS = 60
_ROUNDING = 1e-9
"""What time adds in parts may be less by than what it adds at once."""


@dataclass(slots=True)
class _Bucket:
    """An allowance that is used up and fills again with time (a token bucket).

    Args:
        per_minute: What it holds, and what a minute adds.
        left: What is left; below zero where the last use was larger than that.
        updated: When that was so.
    """

    per_minute: float
    left: float
    updated: float

    def fill(self, now: float) -> None:
        more = (now - self.updated) * self.per_minute / _MINUTE_SECONDS
        self.left = min(self.per_minute, self.left + more)
        self.updated = now

    def seconds_until(self, needed: float) -> int:
        """Return in how many seconds it will hold more than it needs to."""
        lacking = (needed - self.left) * _MINUTE_SECONDS / self.per_minute
        return max(1, math.ceil(lacking))


class RateLimiter:
    """Counts what each key uses; used from one event loop.

    A key that was idle may use a minute's allowance at once. Audio is counted when its length is
    known: it may exceed what is left, and the key has to wait until that is made up for.

    Args:
        requests_per_minute: Requests a minute of each key; None sets no limit.
        audio_seconds_per_minute: Seconds of audio a minute of each key; None sets no limit.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        requests_per_minute: float | None,
        audio_seconds_per_minute: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits: dict[Limited, float | None] = {
            "requests": requests_per_minute,
            "audio_seconds": audio_seconds_per_minute,
        }
        self._limits = {kind: limit for kind, limit in limits.items() if limit is not None}
        self._clock = clock
        self._buckets: dict[tuple[str, Limited], _Bucket] = {}

    @classmethod
    def of(cls, settings: Settings) -> RateLimiter:
        """Return the limiter that the settings describe."""
        return cls(settings.requests_per_minute, settings.audio_seconds_per_minute)

    def count_request(self, key_name: str) -> None:
        """Count a request.

        Raises:
            ApiError: `rate_limited`: none is left, or too much audio was sent before.
        """
        self._check_audio(key_name)
        bucket = self._bucket(key_name, "requests")
        if bucket is None:
            return
        if bucket.left < 1 - _ROUNDING:
            raise _limited("requests", bucket, needed=1)
        bucket.left -= 1

    def count_audio(self, key_name: str, seconds: float) -> None:
        """Count audio that a key has sent.

        Raises:
            ApiError: `rate_limited`: too much was sent before; it is not counted.
        """
        self._check_audio(key_name)
        bucket = self._bucket(key_name, "audio_seconds")
        if bucket is not None:
            bucket.left -= seconds

    def _check_audio(self, key_name: str) -> None:
        bucket = self._bucket(key_name, "audio_seconds")
        if bucket is not None and bucket.left < -_ROUNDING:
            raise _limited("audio_seconds", bucket, needed=0)

    def _bucket(self, key_name: str, kind: Limited) -> _Bucket | None:
        per_minute = self._limits.get(kind)
        if per_minute is None:
            return None
        now = self._clock()
        full = _Bucket(per_minute, per_minute, now)
        bucket = self._buckets.setdefault((key_name, kind), full)
        bucket.fill(now)
        return bucket


def _limited(kind: Limited, bucket: _Bucket, needed: float) -> ApiError:
    return ApiError(
        RateLimited(
            limited=kind,
            per_minute=bucket.per_minute,
            retry_after_seconds=bucket.seconds_until(needed),
        )
    )
