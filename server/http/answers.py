"""Sending answers, in pieces that wait for the client, so that a slow one costs little memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.types import Send

from server.messages.message import Language, Message

JSON_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"

_CHUNK_BYTES = 256 * 1024


def to_json(message: Message, language: Language = "en") -> bytes:
    """Encode a message as UTF-8."""
    return encode_object(message.to_builtins(language))


def encode_object(value: Mapping[str, Any]) -> bytes:
    """Encode a JSON object as UTF-8."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


async def send_start(
    send: Send, content_type: str, headers: Mapping[str, str], status: int = 200
) -> None:
    """Send the status and the headers of an answer."""
    everything = {"Content-Type": content_type, **headers}
    raw = [(name.lower().encode(), text.encode()) for name, text in everything.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def send_whole(
    send: Send,
    content_type: str,
    headers: Mapping[str, str],
    *parts: bytes | bytearray,
    status: int = 200,
) -> None:
    """Send an answer, its body in parts that are never joined in memory."""
    length = str(sum(map(len, parts)))
    await send_start(send, content_type, {"Content-Length": length, **headers}, status)
    for part in parts:
        view = memoryview(part)
        for start in range(0, len(view), _CHUNK_BYTES):
            chunk = bytes(view[start : start + _CHUNK_BYTES])
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_line(send: Send, line: Message, language: Language = "en") -> None:
    """Send one line of an NDJSON answer."""
    await send_block(send, to_json(line, language) + b"\n")


async def send_block(send: Send, block: bytes) -> None:
    """Send a part of an answer, more of which follows."""
    await send({"type": "http.response.body", "body": block, "more_body": True})


async def send_end(send: Send) -> None:
    """End an answer that was sent without a Content-Length."""
    await send({"type": "http.response.body", "body": b"", "more_body": False})
