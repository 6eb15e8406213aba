from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from server.endpoints.deadline import deadline, run_within_deadline
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
    assert await run_within_deadline(answer(), stays, 10) == 3


async def test_an_error() -> None:
    with pytest.raises(KeyError, match="inside"):
        await run_within_deadline(fail(), stays, 10)


async def test_a_client_that_has_gone() -> None:
    ended: list[str] = []
    with pytest.raises(ClientGone):
        await run_within_deadline(forever(ended), leaves, 10)
    assert ended == ["ended"]


async def test_the_deadline() -> None:
    ended: list[str] = []
    with pytest.raises(ApiError) as caught:
        await run_within_deadline(forever(ended), stays, 0.01)
    assert caught.value.code == "deadline_exceeded"
    assert ended == ["ended"]


async def test_being_cancelled_oneself() -> None:
    ended: list[str] = []
    task = asyncio.create_task(run_within_deadline(forever(ended), stays, 10))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]


async def test_a_block_that_takes_too_long() -> None:
    with pytest.raises(ApiError) as caught:
        async with deadline(0.01):
            await asyncio.Event().wait()
    assert caught.value.code == "deadline_exceeded"
    async with deadline(10):
        assert await answer() == 3
