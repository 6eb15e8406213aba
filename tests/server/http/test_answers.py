from __future__ import annotations

import json

import pytest
from starlette.types import Message

from server.http.answers import JSON_TYPE, send_end, send_line, send_start, send_whole, to_json
from server.messages.message import Message as JsonMessage


class Sink:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


class Example(JsonMessage, frozen=True, kw_only=True):
    name: str
    number: float = 1.0


def test_json_is_utf_8_and_never_nan() -> None:
    assert to_json(Example(name="名")) == '{"name": "名", "number": 1.0}'.encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(Example(name="", number=float("nan")))


async def test_parts_are_sent_in_pieces_of_their_announced_length() -> None:
    sink = Sink()
    parts = (b"a", bytearray(1_000_000), b"", b"z")
    await send_whole(sink.send, JSON_TYPE, {"X-More": "1"}, *parts)
    start, *pieces = sink.messages
    headers = dict(start["headers"])
    assert headers == {
        b"content-type": b"application/json",
        b"content-length": b"1000002",
        b"x-more": b"1",
    }
    assert sink.body == b"".join(parts)
    assert max(len(piece["body"]) for piece in pieces) <= 256 * 1024
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]


async def test_lines() -> None:
    sink = Sink()
    await send_start(sink.send, "application/x-ndjson", {})
    await send_line(sink.send, Example(name="\n"))
    await send_line(sink.send, Example(name="b"))
    await send_end(sink.send)
    assert [json.loads(line)["name"] for line in sink.body.splitlines()] == ["\n", "b"]
