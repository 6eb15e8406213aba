"""A cache of target embeddings by the hash of their audio: all that outlives a request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.arrays import Tone
from server.inference.engine import Engine

Lookup = Literal["hit", "miss", "shared"]


@dataclass(frozen=True, slots=True)
class EmbeddedClip:
    """A target clip's tone embedding and what was found out about the clip.

    Args:
        tone: Tone embedding, [tone_dimension].
        seconds: Length of the clip.
        warnings: Codes of what makes the clip a poor target.
    """

    tone: Tone
    seconds: float
    warnings: tuple[str, ...]


def average_clips(engine: Engine, clips: Sequence[EmbeddedClip]) -> Tone:
    """Return the tone of one voice's clips, weighted by length; of a single clip, its own."""
    if len(clips) == 1:
        return clips[0].tone
    return engine.average_tones([(clip.tone, clip.seconds) for clip in clips])


class ToneCache:
    """An LRU cache of embedded clips, in which equal clips in flight are embedded once.

    Used from one event loop.

    Args:
        entries: Clips that are kept.
        count_lookup: Called with the result of each lookup.
    """

    def __init__(self, entries: int, count_lookup: Callable[[Lookup], None]) -> None:
        self._entries = entries
        self._count_lookup = count_lookup
        self._clips: OrderedDict[bytes, EmbeddedClip] = OrderedDict()
        self._pending: dict[bytes, _Pending] = {}

    async def get(self, key: bytes, embed: Callable[[], Awaitable[EmbeddedClip]]) -> EmbeddedClip:
        """Return the clip of a key, embedded first where it is not in the cache.

        A caller may be cancelled; the embedding continues while another one waits for it. An
        error is raised to all callers that wait and is not kept.
        """
        if key in self._clips:
            self._count_lookup("hit")
            self._clips.move_to_end(key)
            return self._clips[key]
        pending = self._pending.get(key)
        self._count_lookup("shared" if pending else "miss")
        if pending is None:
            pending = self._pending[key] = _Pending(asyncio.ensure_future(embed()))
            pending.task.add_done_callback(lambda task: self._finish(key, task))
        pending.waiting += 1
        try:
            return await asyncio.shield(pending.task)
        finally:
            pending.waiting -= 1
            if not pending.waiting and self._pending.get(key) is pending:
                del self._pending[key]
                pending.task.cancel()

    def _finish(self, key: bytes, task: asyncio.Future[EmbeddedClip]) -> None:
        if task.cancelled() or task.exception():
            return
        self._clips[key] = task.result()
        while len(self._clips) > self._entries:
            self._clips.popitem(last=False)


@dataclass(slots=True)
class _Pending:
    task: asyncio.Future[EmbeddedClip]
    waiting: int = 0
