"""Admission of live sessions: a place for each connection, and room for what each costs."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runtime.live.window import Latency, LiveWindow
from runtime.manifest import Manifest
from server.messages.error import ApiError
from server.messages.errors import Overloaded

_SESSION_SHARE = 0.45
"""Share that one session should use at most: on a slow machine its chunks are made longer.

Beside other work a step may take twice as long, and must still keep up.
"""

_LONGEST_CHUNK_FRAMES = 86
_SMOOTHING = 0.1
"""Weight of the newest step in the running mean of what a session costs."""

_REFUSED_AT_ONCE = 32
"""Connections that are told in a message that there is no place; others are not even accepted."""

_REFUSED_SECONDS = 5.0
"""How long such a connection may take to close."""

_RETRY_SECONDS = 10


@dataclass(slots=True)
class SessionCost:
    """What one session costs: its share of the machine, corrected by every step.

    Args:
        chunk_frames: Frames that each step converts.
        chunk_seconds: Audio that each step gives.
        share: Working seconds for each second of audio.
    """

    chunk_frames: int
    chunk_seconds: float
    share: float

    def record_step(self, seconds: float) -> None:
        """Learn from the time that a step took."""
        self.share += _SMOOTHING * (seconds / self.chunk_seconds - self.share)


def expect_cost(manifest: Manifest, latency: Latency, real_time_factor: float) -> SessionCost:
    """Choose the chunk of a preset and expect its cost, from the speed of a step at start.

    Args:
        manifest: Description of the model.
        latency: The preset.
        real_time_factor: Working seconds for each second of audio that a step is given, context
            and chunk.
    """
    window = LiveWindow.of(manifest, latency)
    context = window.look_back_frames + window.look_ahead_frames
    chunk, longest = window.chunk_frames, max(window.chunk_frames, _LONGEST_CHUNK_FRAMES)
    spare = _SESSION_SHARE - real_time_factor
    if spare <= 0:
        chunk = longest
    elif real_time_factor * context > spare * chunk:
        chunk = min(longest, math.ceil(real_time_factor * context / spare))
    seconds = chunk * manifest.hop_samples / manifest.sample_rate_hz
    return SessionCost(chunk, seconds, real_time_factor * (context + chunk) / chunk)


@dataclass
class LiveAdmission:
    """Counts live connections and adds up what the sessions cost; used from one event loop.

    Args:
        places: Connections that may be open at once.
        capacity: Share of the machine that all sessions together may need.
    """

    places: int
    capacity: float
    connections: int = 0
    refused: int = 0
    _costs: list[SessionCost] = field(default_factory=list)

    @property
    def sessions(self) -> int:
        """Number of sessions under way."""
        return len(self._costs)

    @property
    def share(self) -> float:
        """Share of the machine that the sessions use together."""
        return sum(cost.share for cost in self._costs)

    @contextmanager
    def take_place(self) -> Iterator[bool]:
        """Hold a place for a connection during the block.

        Yields:
            Whether there is a place; without one the connection may only be told so.

        Raises:
            ApiError: `overloaded`: too many are being told so already.
        """
        if self.connections < self.places:
            self.connections += 1
            try:
                yield True
            finally:
                self.connections -= 1
            return
        if self.refused >= _REFUSED_AT_ONCE:
            raise self.overloaded()
        self.refused += 1
        try:
            yield False
        finally:
            asyncio.get_running_loop().call_later(_REFUSED_SECONDS, self._forget_refused)

    @contextmanager
    def admit(self, cost: SessionCost) -> Iterator[None]:
        """Hold room for a session during the block.

        Raises:
            ApiError: `overloaded`: with it, the sessions would get late.
        """
        if self.share + cost.share > self.capacity:
            raise self.overloaded()
        self._costs.append(cost)
        try:
            yield
        finally:
            # by identity: equal costs are not the same session
            self._costs = [held for held in self._costs if held is not cost]

    def _forget_refused(self) -> None:
        self.refused -= 1

    @staticmethod
    def overloaded() -> ApiError:
        """Return the error of a client that there is no place for."""
        return ApiError(Overloaded(retry_after_seconds=_RETRY_SECONDS))
