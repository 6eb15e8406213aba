from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.types import Scope

from server.http.unread_body import UnreadBody
from server.settings import Settings
from tests.server.http.asgi_client import DISCONNECT, Client, chunk

LIMITS = Settings(drain_bytes=50, drain_seconds=0.05)


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
