from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from server.inference.tone_cache import EmbeddedClip, Lookup, ToneCache


def clip(seconds: float = 1.0) -> EmbeddedClip:
    return EmbeddedClip(np.zeros(256, np.float32), seconds, ())


class Maker:
    """Counts how often a voice is worked out, and holds it until told."""

    def __init__(self, held: bool = False, error: Exception | None = None) -> None:
        self.calls = 0
        self.cancelled = 0
        self.release = asyncio.Event()
        self._error = error
        if not held:
            self.release.set()

    async def __call__(self) -> EmbeddedClip:
        self.calls += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._error:
            raise self._error
        return clip()


def cache(entries: int = 2) -> tuple[ToneCache, list[Lookup]]:
    lookups: list[Lookup] = []
    return ToneCache(entries, lookups.append), lookups


async def test_a_voice_is_worked_out_once() -> None:
    tones, lookups = cache()
    make = Maker()
    assert await tones.get(b"a", make) is await tones.get(b"a", make)
    assert make.calls == 1
    assert lookups == ["miss", "hit"]


async def test_the_least_recently_used_is_dropped() -> None:
    tones, _ = cache(entries=2)
    makers: dict[bytes, Callable[[], Awaitable[EmbeddedClip]]] = {
        k: Maker() for k in (b"a", b"b", b"c")
    }
    for key in (b"a", b"b", b"a", b"c", b"a", b"b"):
        await tones.get(key, makers[key])
    calls = {key: maker.calls for key, maker in makers.items() if isinstance(maker, Maker)}
    assert calls == {b"a": 1, b"b": 2, b"c": 1}


async def test_without_entries_nothing_is_kept() -> None:
    tones, _ = cache(entries=0)
    make = Maker()
    await tones.get(b"a", make)
    await tones.get(b"a", make)
    assert make.calls == 2


async def test_equal_ones_in_flight_are_worked_out_once() -> None:
    tones, lookups = cache()
    make = Maker(held=True)
    waiting = [asyncio.create_task(tones.get(b"a", make)) for _ in range(40)]
    await asyncio.sleep(0)
    make.release.set()
    voices = await asyncio.gather(*waiting)
    assert make.calls == 1
    assert all(each is voices[0] for each in voices)
    assert lookups == ["miss", *["shared"] * 39]


async def test_the_first_may_leave_while_others_wait() -> None:
    tones, _ = cache()
    make = Maker(held=True)
    first, second = (asyncio.create_task(tones.get(b"a", make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    make.release.set()
    assert (await second).seconds == 1.0
    assert (make.calls, make.cancelled) == (1, 0)


async def test_when_all_have_left_the_work_ends_and_a_newcomer_begins_anew() -> None:
    tones, _ = cache()
    abandoned, fresh = Maker(held=True), Maker()
    waiting = [asyncio.create_task(tones.get(b"a", abandoned)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    newcomer = asyncio.create_task(tones.get(b"a", fresh))
    assert (await newcomer).seconds == 1.0
    assert (abandoned.cancelled, fresh.calls) == (1, 1)
    await asyncio.wait(waiting)


async def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    tones, _ = cache()
    failing = Maker(held=True, error=ValueError("no voice"))
    waiting = [asyncio.create_task(tones.get(b"a", failing)) for _ in range(3)]
    await asyncio.sleep(0)
    failing.release.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["no voice"] * 3
    with pytest.raises(ValueError, match="no voice"):
        await tones.get(b"a", failing)
    assert (await tones.get(b"a", Maker())).seconds == 1.0
