"""Work for a client, given up when the client has gone or the deadline has passed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from server.body import ClientGone
from server.errors import ApiError

T = TypeVar("T")


async def supervise(work: Coroutine[Any, Any, T], receive: Receive, seconds: float) -> T:
    """Do work whose request's body was read.

    Work that is given up ends at its next await: a step that is under way in a thread runs to its
    end, and none follows.

    Args:
        work: What to do.
        receive: Tells when the client has gone.
        seconds: The deadline, from now.

    Returns:
        What the work returns; what it raises is raised.

    Raises:
        ClientGone: The connection was closed.
        ApiError: `deadline_exceeded`.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({task, watch}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if watch.done():
            watch.result()
            raise ClientGone
        raise ApiError("deadline_exceeded", facts={"limit_seconds": seconds})
    finally:
        task.cancel()
        watch.cancel()
        await asyncio.wait({task, watch})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
