"""How long each stage of one request took: taken once, shared by everything that tells of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

UPLOAD, QUEUE, PARSE, DECODE, TONE, CONVERT, ENCODE = STAGES = (
    "upload",
    "queue",
    "parse",
    "decode",
    "tone",
    "convert",
    "encode",
)
"""`queue` is time spent waiting for a turn; the others are time spent at work."""


class Timings:
    """Stage times of one request, in seconds; a stage that comes again adds up.

    A step may outlive its request by the time that its thread needs, so what is told is a copy.
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = {}

    def add(self, stage: str, seconds: float) -> None:
        """Add time to a stage."""
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - started)

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds by stage, of the stages that there were."""
        return dict(self._seconds)

    @property
    def total_seconds(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self._started

    def stats(self) -> dict[str, str]:
        """Return the contract's `stats`: extraction, conversion, and all from upload to answer."""
        extract = self._sum(DECODE, TONE)
        clone = self._sum(CONVERT, ENCODE)
        total = max(self.total_seconds - self._sum(UPLOAD), extract + clone)
        return {
            "extract_time": f"{extract:.2f}s",
            "clone_time": f"{clone:.2f}s",
            "total_time": f"{total:.2f}s",
        }

    def server_timing(self) -> str:
        """Return the Server-Timing header: milliseconds by stage, and in total."""
        stages = [*self.seconds.items(), ("total", self.total_seconds)]
        return ", ".join(f"{stage};dur={1000 * seconds:.1f}" for stage, seconds in stages)

    def _sum(self, *stages: str) -> float:
        return sum(self._seconds.get(stage, 0.0) for stage in stages)
