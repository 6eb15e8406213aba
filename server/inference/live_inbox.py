"""Audio of a live client that has arrived and is not converted yet, within bounds."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import numpy as np

from runtime.arrays import Waveform
from runtime.live.pcm import SAMPLE_BYTES, PcmFormat, samples_of
from server.messages.error import ApiError
from server.messages.errors import AudioTooLong, BodyTooLarge
from server.messages.live import AUDIO_PARAM, audio_was_due, not_finite
from server.settings import Settings

_SLICE_SECONDS = 0.1
"""Audio that is taken at once: little enough to be resampled on the event loop."""


class LiveInbox:
    """A queue of samples between the task that reads messages and the one that converts.

    Args:
        format: Format of the samples.
        sample_rate_hz: Their sample rate.
        limits: Bounds of a session.

    Attributes:
        ended: Whether the client has said that no more follows.
    """

    def __init__(self, format: PcmFormat, sample_rate_hz: int, limits: Settings) -> None:
        self.ended = False
        self._format = format
        self._rate_hz = sample_rate_hz
        self._limits = limits
        self._blocks: deque[tuple[Waveform, float]] = deque()
        self._pending_samples = 0
        self._received_samples = 0
        self._changed = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Audio that was received."""
        return self._received_samples / self._rate_hz

    def put(self, data: bytes) -> None:
        """Take a binary message.

        Raises:
            ApiError: It cuts a sample in two (`unexpected_message`), holds a value that is not
                finite (`undecodable_audio`), is too much at once (`body_too_large`), or makes the
                session too long (`audio_too_long`).
        """
        sample_bytes = SAMPLE_BYTES[self._format]
        limit_bytes = round(self._limits.live_ahead_seconds * self._rate_hz) * sample_bytes
        if len(data) > limit_bytes:
            raise ApiError(BodyTooLarge(limit_bytes=limit_bytes))
        if self.ended or len(data) % sample_bytes:
            raise audio_was_due()
        samples = samples_of(data, self._format)
        if not np.isfinite(samples).all():
            raise not_finite()
        self._received_samples += len(samples)
        maximum_seconds = self._limits.live_session_seconds
        if self.seconds > maximum_seconds:
            raise ApiError(
                AudioTooLong(
                    param=AUDIO_PARAM, seconds=self.seconds, maximum_seconds=maximum_seconds
                )
            )
        if len(samples):
            self._blocks.append((samples, time.monotonic()))
            self._pending_samples += len(samples)
            self._changed.set()

    def end(self) -> None:
        """Note that no more follows."""
        self.ended = True
        self._changed.set()

    async def wait_for_room(self) -> None:
        """Wait while the client is as far ahead as it may be."""
        while self._pending_samples > self._limits.live_ahead_seconds * self._rate_hz:
            await self._wait()

    async def take(self) -> tuple[Waveform, float] | None:
        """Wait for the next samples.

        Returns:
            Some samples, [samples], with the time of their arrival (`time.monotonic`); None at the
            end.
        """
        while not self._blocks:
            if self.ended:
                return None
            await self._wait()
        samples, arrived_at = self._blocks.popleft()
        most = max(1, round(_SLICE_SECONDS * self._rate_hz))
        if len(samples) > most:
            self._blocks.appendleft((samples[most:], arrived_at))
            samples = samples[:most]
        self._pending_samples -= len(samples)
        self._changed.set()
        return samples, arrived_at

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
