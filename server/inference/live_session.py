"""One live session at work: its steps in time, and what is told of them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable

from runtime import wav
from server.inference.engine import LiveConversion
from server.inference.fair_pool import FairPool
from server.inference.live_admission import SessionCost
from server.inference.live_inbox import LiveInbox
from server.inference.request_account import CONVERT, RequestAccount
from server.messages.live import LiveStats

_BURST_SECONDS = 1.0
"""Audio that a session may send faster than it is spoken before its steps lose their precedence."""

ObserveStep = Callable[[float, bool], None]
"""Told of each step: seconds from the arrival of its last sample to its result; whether late."""


class LiveSession:
    """Converts what arrives in an inbox, a step a turn.

    A step is due one chunk after the arrival of its last sample: later, the next one would wait.
    Where one arrival, such as the end, makes several steps ready, each is due a chunk after the one
    before, since a chunk is what it gives. What a client sends faster than it can be spoken is
    converted in turn with other requests.

    Args:
        pool: Runs the steps.
        account: Account of the session.
        conversion: The conversion.
        cost: What the session costs, corrected by its steps.
        inbox: Audio that arrives.
        observe_step: Told of each step that was due at a time.
    """

    def __init__(
        self,
        pool: FairPool,
        account: RequestAccount,
        conversion: LiveConversion,
        cost: SessionCost,
        inbox: LiveInbox,
        observe_step: ObserveStep,
    ) -> None:
        self._pool = pool
        self._account = account
        self._conversion = conversion
        self._cost = cost
        self._inbox = inbox
        self._observe_step = observe_step
        self._clock = 0.0
        self._arrived_at = 0.0
        self._steps_since_arrival = 0
        self.steps = 0
        self.late_steps = 0
        self.longest_step_seconds = 0.0

    async def convert(self) -> AsyncGenerator[bytes]:
        """Convert until the audio ends.

        Yields:
            16-bit PCM, in order.
        """
        while True:
            while self._conversion.ready:
                yield await self._step()
            taken = await self._inbox.take()
            if taken is not None:
                samples, arrived_at = taken
                if arrived_at != self._arrived_at:
                    self._arrived_at, self._steps_since_arrival = arrived_at, 0
                self._conversion.push(samples)
            elif not self._conversion.ended:
                self._conversion.end()
            else:
                return

    def stats(self) -> LiveStats:
        """Return what the client is told at the end."""
        return LiveStats(
            seconds=round(self._inbox.seconds, 3),
            steps=self.steps,
            late_steps=self.late_steps,
            longest_step_seconds=round(self.longest_step_seconds, 4),
            seed=self._conversion.seed,
        )

    async def _step(self) -> bytes:
        now = time.monotonic()
        chunk_seconds = self._conversion.chunk_seconds
        in_time = self._clock <= now
        self._clock = max(self._clock, now - _BURST_SECONDS) + chunk_seconds
        self._steps_since_arrival += 1
        due_at = None
        if in_time:
            due_at = self._arrived_at + self._steps_since_arrival * chunk_seconds
        pcm, worked_seconds = await self._pool.run(
            self._account, CONVERT, _convert_chunk, self._conversion, due_at=due_at
        )
        self._cost.record_step(worked_seconds)
        self.steps += 1
        self._account.audio_out_seconds += len(pcm) / 2 / self._conversion.sample_rate_hz
        if due_at is not None:
            done_at = time.monotonic()
            is_late = done_at > due_at
            seconds = done_at - self._arrived_at
            self.late_steps += is_late
            self.longest_step_seconds = max(self.longest_step_seconds, seconds)
            self._observe_step(seconds, is_late)
        return pcm


def _convert_chunk(conversion: LiveConversion) -> tuple[bytes, float]:
    started = time.perf_counter()
    pcm = wav.pcm16(conversion.step())
    return pcm, time.perf_counter() - started
