from __future__ import annotations

import asyncio
import io

import httpx
import pytest

from client import ApiError, AsyncClient, Overloaded, UnexpectedAnswer, Unreachable
from client.audio import pcm_of
from tests.client.fake_server import FakeServer, refusal, wav_file

SOURCE = wav_file(25_000, 1000)  # 25 s
TARGET = wav_file(2000, 1000)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    yield_once = asyncio.sleep

    async def sleep(delay: float) -> None:
        seconds.append(delay)
        await yield_once(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


def client_of(server: FakeServer, retries: int = 5) -> AsyncClient:
    return AsyncClient("http://box:5000", retries=retries, transport=httpx.MockTransport(server))


async def test_health_info_and_tone() -> None:
    async with client_of(FakeServer()) as client:
        assert (await client.health())["status"] == "ok"
        assert (await client.info())["version"] == "v2"
        assert (await client.tone(TARGET)).tone == "abc:AAAA"
        assert (await client.verify(TARGET)).marked


async def test_clone() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        result = await client.clone([TARGET, TARGET], SOURCE, temperature=0.0)
    assert len(pcm_of(result.audio)[0]) == 2 * 25 * 22050
    assert len(server.bodies[0]["target_audio"]) == 2
    assert server.bodies[0]["temperature"] == 0.0


async def test_stream_yields_pieces_with_progress() -> None:
    shares: list[float] = []
    async with (
        client_of(FakeServer()) as client,
        client.clone_stream(TARGET, SOURCE, progress=shares.append) as stream,
    ):
        assert stream.head.samples == 25 * 22050
        pieces = [piece async for piece in stream]
    assert b"".join(piece.pcm for piece in pieces) == wav_file(25 * 22050)[44:]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1], abs=1e-4)


async def test_a_stream_that_breaks_off_is_an_error() -> None:
    server = FakeServer()
    server.cut_after_lines = 2
    async with client_of(server) as client:
        with pytest.raises(UnexpectedAnswer, match="ended before"):
            async with client.clone_stream(TARGET, SOURCE) as stream:
                assert len([piece async for piece in stream]) == 1


async def test_an_encoded_clone_arrives_in_blocks() -> None:
    server = FakeServer()
    async with (
        client_of(server) as client,
        client.clone_encoded(TARGET, SOURCE, format="flac") as blocks,
    ):
        received = [block async for block in blocks]
    assert b"".join(received) == b"flac" + wav_file(25 * 22050)[44:]


async def test_an_encoded_clone_that_fails_is_an_error() -> None:
    server = FakeServer(refusal(422, "silent_audio"))
    server.cut_after_lines = 1
    async with client_of(server) as client:
        with pytest.raises(ApiError, match="silent_audio"):
            async with client.clone_encoded(TARGET, SOURCE):
                pass
        with pytest.raises(Unreachable):
            async with client.clone_encoded(TARGET, SOURCE) as blocks:
                assert [block async for block in blocks]


async def test_a_refused_stream_is_an_error() -> None:
    async with client_of(FakeServer(refusal(422, "silent_audio"))) as client:
        with pytest.raises(ApiError, match="silent_audio"):
            async with client.clone_stream(TARGET, SOURCE):
                pass


async def test_segments_read_an_open_target_once() -> None:
    server = FakeServer()
    async with client_of(server) as client:
        assert len([pcm async for pcm in client.clone_segments(io.BytesIO(TARGET), SOURCE)]) == 3
    assert len({body["target_audio"] for body in server.bodies}) == 1


@pytest.mark.parametrize("concurrency", [1, 2, 9])
async def test_segments_come_in_order(concurrency: int) -> None:
    server = FakeServer()
    shares: list[float] = []
    async with client_of(server) as client:
        pieces = [
            piece
            async for piece in client.clone_segments(
                TARGET, SOURCE, concurrency=concurrency, progress=shares.append
            )
        ]
    assert [len(piece) // 2 for piece in pieces] == [220500, 220500, 110250]
    assert shares == pytest.approx([0.4, 0.8, 1.0])


async def test_segments_stop_at_the_first_error() -> None:
    server = FakeServer(refusal(422, "undecodable_audio"))
    async with client_of(server) as client:
        with pytest.raises(ApiError, match="undecodable_audio"):
            async for _ in client.clone_segments(TARGET, SOURCE, concurrency=2):
                pytest.fail("nothing comes before the error")
    assert len(server.requests) <= 2


async def test_overload_is_asked_again_when_the_server_says(slept: list[float]) -> None:
    server = FakeServer(refusal(429, "overloaded", "3"), refusal(503, "not_ready"))
    async with client_of(server) as client:
        await client.clone(TARGET, SOURCE)
    assert slept == [3, 2]


async def test_overload_is_an_error_in_the_end(slept: list[float]) -> None:
    server = FakeServer(*(refusal(503, "not_ready") for _ in range(3)))
    async with client_of(server, retries=1) as client:
        with pytest.raises(Overloaded):
            await client.clone(TARGET, SOURCE)
    assert slept == [1]


async def test_no_connection_is_named() -> None:
    async with AsyncClient("http://127.0.0.1:9") as client:
        with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9"):
            await client.health()
