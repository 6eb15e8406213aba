from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from server.http.body import ClientGone, read_body
from server.messages.error import ApiError
from server.messages.errors import Overloaded, UploadTimeout
from server.settings import Settings
from tests.server.http.asgi_client import DISCONNECT, Client, chunk

LIMITS = Settings(body_bytes=10, upload_idle_seconds=0.02, upload_seconds=0.05)


async def read(client: Client, limits: Settings = LIMITS, **headers: str) -> bytearray:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    held: list[int] = []
    body = await read_body(Headers(names), client.receive, held.append, limits)
    assert held[-1] == len(body)
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
    assert caught.value.detail == UploadTimeout(limit_seconds=LIMITS.upload_idle_seconds)


async def test_an_upload_that_trickles_on() -> None:
    with pytest.raises(ApiError) as caught:
        await read(Client([chunk(b"")] * 100, pause=0.01))
    assert caught.value.detail == UploadTimeout(limit_seconds=LIMITS.upload_seconds)


async def test_a_client_that_leaves() -> None:
    with pytest.raises(ClientGone):
        await read(Client([chunk(b"1"), DISCONNECT]))


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP"])
async def test_a_content_encoding(encoding: str) -> None:
    assert await refusal(Client([]), content_encoding=encoding) == "unsupported_media_type"


async def test_no_memory_left() -> None:
    def hold(total: int) -> None:
        if total > 5:
            raise ApiError(Overloaded(retry_after_seconds=1))

    client = Client([chunk(b"12345"), chunk(b"6")])
    with pytest.raises(ApiError) as caught:
        await read_body(Headers(), client.receive, hold, LIMITS)
    assert caught.value.code == "overloaded"
