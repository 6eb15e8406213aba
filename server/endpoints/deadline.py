"""The deadline of work for a client: 504 when it has passed, cancelled when the client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.types import Receive

from server.http.body import ClientGone
from server.messages.error import ApiError
from server.messages.errors import DeadlineExceeded

T = TypeVar("T")


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """End the block with an error when its time is up.

    Args:
        seconds: The deadline, from now.

    Raises:
        ApiError: `deadline_exceeded`.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ApiError(DeadlineExceeded(limit_seconds=seconds)) from None


async def run_within_deadline(work: Coroutine[Any, Any, T], receive: Receive, seconds: float) -> T:
    """Await work for a client; cancel it when the client has gone or the deadline has passed.

    Cancelled work ends at its next await: a step that runs in a thread runs to its end, and no
    further one begins.

    Args:
        work: The work, for a request whose body was read.
        receive: ASGI callable that tells when the client has gone.
        seconds: The deadline, from now.

    Returns:
        What the work returns; what it raises is raised.

    Raises:
        ClientGone: The client closed the connection.
        ApiError: `deadline_exceeded`.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({task, watch}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if watch.done():
            watch.result()
            raise ClientGone
        raise ApiError(DeadlineExceeded(limit_seconds=seconds))
    finally:
        task.cancel()
        watch.cancel()
        await asyncio.wait({task, watch})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
