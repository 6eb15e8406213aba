from __future__ import annotations

from functools import partial

import pytest

from server.keys.rate_limiter import RateLimiter
from server.messages.error import ApiError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(limiter: RateLimiter, seconds: float | None = None, name: str = "anna") -> int:
    """Return the seconds to wait that a refusal names."""
    with pytest.raises(ApiError) as caught:
        if seconds is None:
            limiter.count_request(name)
        else:
            limiter.count_audio(name, seconds)
    assert caught.value.code == "rate_limited"
    return int(caught.value.headers["Retry-After"])


def test_no_limit_by_default() -> None:
    limiter = RateLimiter(None, None)
    for _ in range(1000):
        limiter.count_request("anna")
        limiter.count_audio("anna", 1e6)


def test_requests_of_a_minute(clock: Clock) -> None:
    limiter = RateLimiter(6, None, clock)
    for _ in range(6):
        limiter.count_request("anna")
    assert refused(limiter) == 10
    limiter.count_request("ben")
    clock.now += 9.5
    assert refused(limiter) == 1
    clock.now += 0.5
    limiter.count_request("anna")
    assert refused(limiter) == 10
    clock.now += 3600
    for _ in range(6):
        limiter.count_request("anna")
    assert refused(limiter) == 10


def test_audio_may_exceed_what_is_left_once(clock: Clock) -> None:
    limiter = RateLimiter(None, 60, clock)
    limiter.count_audio("anna", 59)
    limiter.count_request("anna")
    limiter.count_audio("anna", 31)
    assert refused(limiter, 0.1) == 30
    assert refused(limiter) == 30
    limiter.count_audio("ben", 600)
    assert refused(limiter, 0.1, "ben") == 540
    clock.now += 30.5
    limiter.count_request("anna")
    limiter.count_audio("anna", 1)


def test_waiting_as_long_as_told_is_enough(clock: Clock) -> None:
    limiter = RateLimiter(7, 13, clock)
    waits = 0
    for _ in range(50):
        for use in (limiter.count_request, partial(limiter.count_audio, seconds=3.7)):
            try:
                use("anna")
            except ApiError as error:
                waits += 1
                clock.now += int(error.headers["Retry-After"])
                use("anna")
    assert waits > 5
