"""Tone embeddings of targets, kept by the hash of the audio: the only thing kept of a request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from runtime.arrays import Tone

Lookup = Literal["hit", "miss", "shared"]


@dataclass(frozen=True, slots=True)
class Voice:
    """What is known of one target clip.

    Args:
        tone: [tone_dimension].
        seconds: Length of the clip.
        warnings: Codes of what in it hurts a clone.
    """

    tone: Tone
    seconds: float
    warnings: tuple[str, ...]


class ToneCache:
    """Least recently used voices; equal ones that are asked for at once are worked out once.

    Used from one event loop.

    Args:
        entries: Voices kept.
        count: Told of each lookup, for the metrics.
    """

    def __init__(self, entries: int, count: Callable[[Lookup], None]) -> None:
        self._entries = entries
        self._count = count
        self._voices: OrderedDict[bytes, Voice] = OrderedDict()
        self._pending: dict[bytes, _Pending] = {}

    async def get(self, key: bytes, work_out: Callable[[], Awaitable[Voice]]) -> Voice:
        """Return the voice of a key, worked out where it is not known.

        Whoever waits may be cancelled: the work goes on while one is left who waits for it. What
        it raises is raised to all of them and not kept.
        """
        if key in self._voices:
            self._count("hit")
            self._voices.move_to_end(key)
            return self._voices[key]
        pending = self._pending.get(key)
        self._count("shared" if pending else "miss")
        if pending is None:
            pending = self._pending[key] = _Pending(asyncio.ensure_future(work_out()))
            pending.task.add_done_callback(lambda task: self._finish(key, task))
        pending.waiting += 1
        try:
            return await asyncio.shield(pending.task)
        finally:
            pending.waiting -= 1
            if not pending.waiting and self._pending.get(key) is pending:
                del self._pending[key]
                pending.task.cancel()

    def _finish(self, key: bytes, task: asyncio.Future[Voice]) -> None:
        if task.cancelled() or task.exception():
            return
        self._voices[key] = task.result()
        while len(self._voices) > self._entries:
            self._voices.popitem(last=False)


@dataclass(slots=True)
class _Pending:
    task: asyncio.Future[Voice]
    waiting: int = 0
