"""When a request was in a stage, and how long it was worked on there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StageTimes:
    """The times of one stage of a request, which may consist of many steps.

    Args:
        started: Start of the first step, by `time.perf_counter`.
        ended: End of the last step, by the same clock.
        seconds: Duration of all steps together.
        steps: Number of steps.
    """

    started: float
    ended: float
    seconds: float = 0.0
    steps: int = 0

    def add(self, seconds: float, ended: float) -> None:
        """Add a step."""
        self.started = min(self.started, ended - seconds)
        self.ended = max(self.ended, ended)
        self.seconds += seconds
        self.steps += 1
