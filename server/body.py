"""The request's body, read within bounds, and read on where it is refused."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from server.admission import Lease
from server.errors import ApiError
from server.settings import Settings


class ClientGone(Exception):
    """The client closed its connection; nobody is left to answer."""


async def read_body(
    headers: Headers, receive: Receive, lease: Lease, limits: Settings
) -> bytearray:
    """Read a body whole.

    Args:
        headers: The request's.
        receive: Gives the body's messages.
        lease: Holds its bytes.
        limits: Size and time.

    Raises:
        ApiError: `body_too_large`, by its Content-Length or as it comes; `upload_timeout`;
            `unsupported_media_type` where it is compressed; `overloaded` where there is no
            memory for it.
        ClientGone: The connection was closed.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError("unsupported_media_type")
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limits.body_bytes:
        raise ApiError("body_too_large", facts={"limit_bytes": limits.body_bytes})
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
            raise ApiError("upload_timeout", facts={"limit_seconds": seconds}) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        if len(body) + len(chunk) > limits.body_bytes:
            raise ApiError("body_too_large", facts={"limit_bytes": limits.body_bytes})
        lease.hold(len(body) + len(chunk))
        body += chunk
        more = message.get("more_body", False)
    return body


class UnreadBody:
    """Sees to it that a client whose body is refused gets to read why.

    A client that is still sending does not read, and closing on it would destroy the answer on
    its way. So the answer goes out at once, the rest of the upload is thrown away within bounds,
    and only then is the answer ended and the connection closed.

    Args:
        scope: Of the request.
        receive: As the server gives it; use this object's own instead.
        send: As the server gives it; use this object's own instead.
        limits: How much is read on, and for how long.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Settings) -> None:
        headers = Headers(scope=scope)
        self._receive = receive
        self._send = send
        self._limits = limits
        self._more = "content-length" in headers or "transfer-encoding" in headers
        self._more = self._more and headers.get("content-length") != "0"
        self._invited = headers.get("expect", "").lower() != "100-continue"
        self._stalled = False

    async def receive(self) -> Message:
        """Receive a message, noting how far the body was read."""
        self._invited = True
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    def stalled(self) -> None:
        """Note that the client sends nothing any more, so that nothing is waited for."""
        self._stalled = True

    async def send(self, message: Message) -> None:
        """Send a message; the end of an answer waits until the body was read, within bounds."""
        if message["type"] == "http.response.start" and self._more:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not (last and self._more and self._invited and not self._stalled):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._discard()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _discard(self) -> None:
        left = self._limits.drain_bytes
        try:
            async with asyncio.timeout(self._limits.drain_seconds):
                while self._more and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            self._stalled = True
