"""One request as those who do its work see it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from server.admission import Lease
from server.timings import Timings


@dataclass(slots=True)
class Job:
    """Whose work a step is, and how much it had already.

    Args:
        lease: The memory that it holds.
        timings: Its stage times.
        started_at: When its work began (`time.monotonic`).
        attained_seconds: The time that threads have worked for it so far.
        audio_in_seconds: The audio that it brought.
        audio_out_seconds: The audio that it got.
    """

    lease: Lease
    timings: Timings = field(default_factory=Timings)
    started_at: float = field(default_factory=time.monotonic)
    attained_seconds: float = 0.0
    audio_in_seconds: float = 0.0
    audio_out_seconds: float = 0.0
