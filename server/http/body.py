"""Reading a request's body, within the limits of size and time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Receive

from server.messages.error import ApiError
from server.messages.errors import BodyTooLarge, UnsupportedMediaType, UploadTimeout
from server.settings import Settings


class ClientGone(Exception):
    """The client closed its connection, so no answer can reach it."""


async def read_body(
    headers: Headers, receive: Receive, hold_bytes: Callable[[int], None], limits: Settings
) -> bytearray:
    """Read a whole body into memory.

    Args:
        headers: The request's headers.
        receive: ASGI callable that gives the body's messages.
        hold_bytes: Told the size of the body so far; raises where there is no memory for it.
        limits: Limits of size and time.

    Raises:
        ApiError: `body_too_large`, by its Content-Length or as it arrives; `upload_timeout`;
            `unsupported_media_type` for a compressed body; what `hold_bytes` raises.
        ClientGone: The connection was closed.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(UnsupportedMediaType())
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.body_bytes:
        raise ApiError(BodyTooLarge(limit_bytes=limits.body_bytes))
    body = bytearray()
    end = time.monotonic() + limits.upload_seconds
    more = True
    while more:
        left = max(0.0, end - time.monotonic())
        try:
            async with asyncio.timeout(min(limits.upload_idle_seconds, left)):
                message = await receive()
        except TimeoutError:
            idle = limits.upload_idle_seconds <= left
            seconds = limits.upload_idle_seconds if idle else limits.upload_seconds
            raise ApiError(UploadTimeout(limit_seconds=seconds)) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        if len(body) + len(chunk) > limits.body_bytes:
            raise ApiError(BodyTooLarge(limit_bytes=limits.body_bytes))
        hold_bytes(len(body) + len(chunk))
        body += chunk
        more = message.get("more_body", False)
    return body
