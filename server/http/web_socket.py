"""A WebSocket of an ASGI server: text and audio in, text and audio out, within bounds of time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Send

from server.http.answers import to_json
from server.http.body import ClientGone
from server.messages.error import ApiError
from server.messages.errors import UploadTimeout
from server.messages.live import NORMAL_CLOSE
from server.messages.message import Message

GONE_ERRORS = (OSError, RuntimeError)
"""What sending raises where nobody reads any more: uvicorn's OSError, a TimeoutError, which is one
too, and uvicorn's RuntimeError where it has given up a client that answers no ping."""


class WebSocket:
    """One connection, accepted or not yet.

    Args:
        receive: ASGI callable that gives messages.
        send: ASGI callable that sends them.
        stall_seconds: Longest wait for a message, and for the client to read one.
    """

    def __init__(self, receive: Receive, send: Send, stall_seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._stall_seconds = stall_seconds

    async def accept(self, subprotocol: str | None, headers: Mapping[str, str]) -> None:
        """Take the connection.

        Args:
            subprotocol: What the connection speaks; None where the client offered nothing.
            headers: Headers of the answer.

        Raises:
            ClientGone: The client closed it before.
        """
        await self._receive()
        raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        await self._send_event(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": raw}
        )

    async def receive(self, *, patient: bool = False) -> str | bytes:
        """Wait for the next message, text or binary.

        Args:
            patient: Whether to wait without limit.

        Raises:
            ApiError: `upload_timeout`: none came.
            ClientGone: The connection was closed.
        """
        try:
            async with asyncio.timeout(None if patient else self._stall_seconds):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(UploadTimeout(limit_seconds=self._stall_seconds)) from None
        if message["type"] == "websocket.disconnect":
            raise ClientGone
        data: str | bytes | None = message.get("text")
        return bytes(message["bytes"]) if data is None else data

    async def send_message(self, message: Message) -> None:
        """Send a message as text.

        Raises:
            ClientGone: The connection was closed, or the client does not read.
        """
        await self._send_event({"type": "websocket.send", "text": to_json(message).decode()})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            ClientGone: The connection was closed, or the client does not read.
        """
        await self._send_event({"type": "websocket.send", "bytes": data})

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        """Close the connection.

        Raises:
            ClientGone: The client closed it before, or does not read.
        """
        await self._send_event({"type": "websocket.close", "code": code})

    async def _send_event(self, message: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._send(dict(message))
        except GONE_ERRORS:
            raise ClientGone from None
