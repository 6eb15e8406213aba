from __future__ import annotations

import asyncio

import numpy as np
import pytest

from server.inference.live_inbox import LiveInbox
from server.messages.error import ApiError
from server.settings import Settings

RATE_HZ = 8000


def _inbox(**settings: float) -> LiveInbox:
    return LiveInbox("pcm_s16le", RATE_HZ, Settings(**settings))  # type: ignore[arg-type]


def _pcm(samples: int) -> bytes:
    return np.arange(samples, dtype="<i2").tobytes()


async def _drain(inbox: LiveInbox) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    pieces = []
    while (taken := await inbox.take()) is not None:
        pieces.append(taken[0])
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


async def test_what_is_put_in_comes_out_in_order() -> None:
    inbox = _inbox()
    data = _pcm(20_000)
    for start in range(0, len(data), 6_000):
        inbox.put(data[start : start + 6_000])
    inbox.end()
    found = await _drain(inbox)
    np.testing.assert_array_equal(np.rint(found * 32768), np.arange(20_000))
    assert inbox.seconds == 2.5


async def test_little_is_taken_at_once() -> None:
    inbox = _inbox()
    inbox.put(_pcm(RATE_HZ))
    taken = await inbox.take()
    assert taken is not None
    assert len(taken[0]) == RATE_HZ // 10


async def test_taking_waits_for_audio_or_the_end() -> None:
    inbox = _inbox()
    waiting = asyncio.ensure_future(inbox.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(b"")
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put(_pcm(3))
    taken = await waiting
    assert taken is not None
    waiting = asyncio.ensure_future(inbox.take())
    await asyncio.sleep(0)
    inbox.end()
    assert await waiting is None


async def test_a_client_that_is_ahead_is_held_back() -> None:
    inbox = _inbox(live_ahead_seconds=1.0)
    await inbox.wait_for_room()
    inbox.put(_pcm(RATE_HZ))
    await inbox.wait_for_room()
    inbox.put(_pcm(10))
    waiting = asyncio.ensure_future(inbox.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await inbox.take()
    await waiting


@pytest.mark.parametrize(
    ("data", "settings", "code"),
    [
        (bytes(3), {}, "unexpected_message"),
        (bytes(2 * RATE_HZ + 2), {"live_ahead_seconds": 1.0}, "body_too_large"),
        (bytes(2 * RATE_HZ + 2), {"live_session_seconds": 1.0}, "audio_too_long"),
    ],
)
async def test_what_is_too_much_or_no_audio_is_refused(
    data: bytes, settings: dict[str, float], code: str
) -> None:
    with pytest.raises(ApiError) as refused:
        _inbox(**settings).put(data)
    assert refused.value.code == code


async def test_nothing_follows_the_end() -> None:
    inbox = _inbox()
    inbox.end()
    with pytest.raises(ApiError):
        inbox.put(bytes(2))
