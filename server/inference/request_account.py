"""Request-scoped accounting: memory lease, stage timings, audio seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from server.inference.admission import Lease
from server.messages.answers import Stats
from server.telemetry.stage_times import StageTimes

UPLOAD, QUEUE, PARSE, DECODE, TONE, CONVERT, ENCODE, VERIFY = STAGES = (
    "upload",
    "queue",
    "parse",
    "decode",
    "tone",
    "convert",
    "encode",
    "verify",
)
"""`queue` is time spent waiting for a thread; the others are time spent working."""

Mark = Literal["watermark", "label", "none"]
WATERMARK: Mark = "watermark"
LABEL: Mark = "label"
UNMARKED: Mark = "none"
"""How a result is marked: both ways count as the watermark, which is the stronger."""


@dataclass(slots=True)
class RequestAccount:
    """What one request has cost so far.

    A step may run on for a while after its request was given up, so figures are read as copies.

    Args:
        lease: The memory that the request holds.
        owner: Name of the API key whose stored voices it may use; empty where keys have no names.
        count_audio: Called with the length of each clip; raises where its sender may send no more.
        request_id: Id of the request, which the log and the labels of results have.
        started_at: When its work began (`time.monotonic`), which decides its turn among others.
        attained_seconds: Time that threads have worked for it.
        audio_in_seconds: Audio that it sent.
        audio_out_seconds: Audio that it was given.
        mark: How that audio is marked.
    """

    lease: Lease
    owner: str = ""
    count_audio: Callable[[float], None] = lambda _: None
    request_id: str = ""
    started_at: float = field(default_factory=time.monotonic)
    attained_seconds: float = 0.0
    audio_in_seconds: float = 0.0
    audio_out_seconds: float = 0.0
    mark: Mark = UNMARKED
    _created: float = field(default_factory=time.perf_counter)
    _stages: dict[str, StageTimes] = field(default_factory=dict)

    def add_audio_in(self, seconds: float) -> None:
        """Add audio that the request sent.

        Raises:
            ApiError: `rate_limited`: its sender may send no more for now.
        """
        self.count_audio(seconds)
        self.audio_in_seconds += seconds

    def add_time(self, stage: str, seconds: float) -> None:
        """Add a step that ends now to a stage."""
        ended = time.perf_counter()
        self._stages.setdefault(stage, StageTimes(ended - seconds, ended)).add(seconds, ended)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the duration of the block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add_time(stage, time.perf_counter() - started)

    @property
    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds by stage, for the stages that occurred."""
        return {name: times.seconds for name, times in self.stages.items()}

    @property
    def stages(self) -> Mapping[str, StageTimes]:
        """Times by stage, for the stages that occurred."""
        return dict(self._stages)

    @property
    def inference_seconds(self) -> float:
        """Seconds that the graphs ran."""
        return self._sum(TONE, CONVERT, VERIFY)

    @property
    def total_seconds(self) -> float:
        """Seconds since the request began."""
        return time.perf_counter() - self._created

    def stats(self) -> Stats:
        """Return the contract's `stats`: extraction, conversion, and all from upload to answer."""
        extract = self._sum(DECODE, TONE)
        clone = self._sum(CONVERT, ENCODE)
        total = max(self.total_seconds - self._sum(UPLOAD), extract + clone)
        return Stats(
            extract_time=f"{extract:.2f}s",
            clone_time=f"{clone:.2f}s",
            total_time=f"{total:.2f}s",
        )

    def server_timing(self) -> str:
        """Return the Server-Timing header: milliseconds by stage, and in total."""
        stages = [*self.stage_seconds.items(), ("total", self.total_seconds)]
        return ", ".join(f"{stage};dur={1000 * seconds:.1f}" for stage, seconds in stages)

    def _sum(self, *stages: str) -> float:
        taken = self.stage_seconds
        return sum(taken.get(stage, 0.0) for stage in stages)
