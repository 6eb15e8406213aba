from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from server.endpoints.intake import supervise
from server.http.body import ClientGone
from server.messages.error import ApiError


async def stays() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("never")


async def leaves() -> Message:
    return {"type": "http.disconnect"}


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def answer() -> int:
    await asyncio.sleep(0)
    return 3


async def fail() -> None:
    raise KeyError("inside")


async def test_a_result() -> None:
    assert await supervise(answer(), stays, 10) == 3


async def test_an_error() -> None:
    with pytest.raises(KeyError, match="inside"):
        await supervise(fail(), stays, 10)


async def test_a_client_that_has_gone() -> None:
    ended: list[str] = []
    with pytest.raises(ClientGone):
        await supervise(forever(ended), leaves, 10)
    assert ended == ["ended"]


async def test_the_deadline() -> None:
    ended: list[str] = []
    with pytest.raises(ApiError) as caught:
        await supervise(forever(ended), stays, 0.01)
    assert caught.value.code == "deadline_exceeded"
    assert ended == ["ended"]


async def test_being_cancelled_oneself() -> None:
    ended: list[str] = []
    task = asyncio.create_task(supervise(forever(ended), stays, 10))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]
