"""Draining a refused upload, so that its client reads the answer."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from server.settings import Settings


class UnreadBody:
    """Receives and sends for one request, and drains what was not read of its body.

    A client that is still sending does not read, and closing the connection would destroy the
    answer on its way. So the answer is sent at once, the rest of the upload is read and dropped
    within bounds, and only then the answer is ended and the connection closed.

    Args:
        scope: The request's ASGI scope.
        receive: The server's ASGI callable; use this object's `receive` instead.
        send: The server's ASGI callable; use this object's `send` instead.
        limits: How much is drained, and for how long.
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
        """Receive a message, and note whether more of the body follows."""
        self._invited = True
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    def stalled(self) -> None:
        """Note that the client has stopped sending, so that draining does not wait for it."""
        self._stalled = True

    async def send(self, message: Message) -> None:
        """Send a message; before the end of the answer, drain the body within bounds."""
        if message["type"] == "http.response.start" and self._more:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not (last and self._more and self._invited and not self._stalled):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._drain()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self) -> None:
        left = self._limits.drain_bytes
        try:
            async with asyncio.timeout(self._limits.drain_seconds):
                while self._more and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            self._stalled = True
