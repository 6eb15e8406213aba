from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Scope

from server.admission import Admission
from server.body import ClientGone, UnreadBody, read_body
from server.errors import ApiError
from server.settings import Settings

LIMITS = Settings(
    body_bytes=10, upload_idle_seconds=0.02, upload_seconds=0.05, drain_bytes=50, drain_seconds=0.05
)
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


async def read(client: Client, limits: Settings = LIMITS, **headers: str) -> bytearray:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    with Admission(1, 1, 1000).lease() as lease:
        body = await read_body(Headers(names), client.receive, lease, limits)
        assert lease.bytes_held == len(body)
    return body


async def refusal(client: Client, limits: Settings = LIMITS, **headers: str) -> str:
    with pytest.raises(ApiError) as caught:
        await read(client, limits, **headers)
    return caught.value.code


async def test_a_body_in_pieces() -> None:
    assert await read(Client([chunk(b"12345"), chunk(b""), chunk(b"67890", more=False)])) == (
        b"1234567890"
    )


async def test_too_large_as_announced_is_not_read() -> None:
    client = Client([chunk(b"x")])
    assert await refusal(client, content_length="11") == "body_too_large"
    assert client.messages


async def test_too_large_as_it_comes() -> None:
    assert await refusal(Client([chunk(b"123456")] * 2)) == "body_too_large"


async def test_a_stalled_upload() -> None:
    with pytest.raises(ApiError) as caught:
        await read(Client([chunk(b"1")]))
    assert caught.value.code == "upload_timeout"
    assert caught.value.facts == {"limit_seconds": LIMITS.upload_idle_seconds}


async def test_an_upload_that_trickles_on() -> None:
    with pytest.raises(ApiError) as caught:
        await read(Client([chunk(b"")] * 100, pause=0.01))
    assert caught.value.code == "upload_timeout"
    assert caught.value.facts == {"limit_seconds": LIMITS.upload_seconds}


async def test_a_client_that_leaves() -> None:
    with pytest.raises(ClientGone):
        await read(Client([chunk(b"1"), DISCONNECT]))


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP"])
async def test_a_content_encoding(encoding: str) -> None:
    assert await refusal(Client([]), content_encoding=encoding) == "unsupported_media_type"


async def test_no_memory_left() -> None:
    with Admission(1, 1, 5).lease() as lease, pytest.raises(ApiError) as caught:
        await read_body(Headers(), Client([chunk(b"123456")]).receive, lease, LIMITS)
    assert caught.value.code == "overloaded"


def scope(**headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"type": "http", "method": "POST", "headers": raw}


async def answer(unread: UnreadBody) -> None:
    await unread.send({"type": "http.response.start", "status": 413, "headers": []})
    await unread.send({"type": "http.response.body", "body": b"no"})


async def test_the_rest_of_an_upload_is_read_before_the_answer_ends() -> None:
    client = Client([chunk(b"x" * 10)] * 3 + [chunk(b"x", more=False)])
    await answer(UnreadBody(scope(content_length="31"), client.receive, client.send, LIMITS))
    assert not client.messages
    start, body, end = client.sent
    assert (b"connection", b"close") in start["headers"]
    assert (body["body"], body["more_body"]) == (b"no", True)
    assert (end["body"], end["more_body"]) == (b"", False)


@pytest.mark.parametrize(
    "client",
    [Client([chunk(b"x" * 40)] * 3), Client([]), Client([DISCONNECT, chunk(b"never")])],
    ids=["too much", "stalled", "gone"],
)
async def test_reading_on_has_bounds(client: Client) -> None:
    await answer(UnreadBody(scope(content_length="900"), client.receive, client.send, LIMITS))
    assert len(client.sent) == 3
    assert len(client.messages) in (0, 1)


async def test_a_body_that_was_read_needs_nothing() -> None:
    client = Client([chunk(b"x", more=False)])
    unread = UnreadBody(scope(content_length="1"), client.receive, client.send, LIMITS)
    await unread.receive()
    await answer(unread)
    assert [message.get("headers") for message in client.sent] == [[], None]


@pytest.mark.parametrize("headers", [{}, {"content_length": "0"}])
async def test_no_body_needs_nothing(headers: dict[str, str]) -> None:
    client = Client([])
    await answer(UnreadBody(scope(**headers), client.receive, client.send, LIMITS))
    assert len(client.sent) == 2


async def test_a_client_that_waits_to_be_invited_is_answered_at_once() -> None:
    client = Client([])
    limits = replace(LIMITS, drain_seconds=60.0)
    headers = scope(content_length="900", expect="100-continue")
    await answer(UnreadBody(headers, client.receive, client.send, limits))
    assert len(client.sent) == 2


async def test_a_client_that_stalled_is_answered_at_once() -> None:
    client = Client([])
    unread = UnreadBody(
        scope(content_length="900"), client.receive, client.send, replace(LIMITS, drain_seconds=60)
    )
    unread.stalled()
    await answer(unread)
    assert len(client.sent) == 2
