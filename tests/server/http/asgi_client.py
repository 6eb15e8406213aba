"""A client as an ASGI application sees it: messages in, messages out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from starlette.types import Message

DISCONNECT: Message = {"type": "http.disconnect"}


def chunk(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


class Client:
    """Sends what it is given, then nothing; keeps what it was sent."""

    def __init__(self, messages: Iterable[Message], pause: float = 0.0) -> None:
        self.messages = list(messages)
        self.sent: list[Message] = []
        self._pause = pause

    async def receive(self) -> Message:
        await asyncio.sleep(self._pause)
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)
