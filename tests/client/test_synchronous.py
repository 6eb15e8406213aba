from __future__ import annotations

import base64
import io
import json
import re
import time
from typing import Any

import httpx
import pytest

from client import ApiError, Client, Overloaded, UnexpectedAnswer, Unreachable
from client.audio import pcm_of
from tests.client.fake_server import FakeServer, refusal, wav_file

SOURCE = wav_file(25_000, 1000)  # 25 s
TARGET = wav_file(2000, 1000)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


def client_of(server: FakeServer, **options: Any) -> Client:
    return Client("http://box:5000", transport=httpx.MockTransport(server), **options)


def test_health_and_info() -> None:
    with client_of(FakeServer()) as client:
        assert client.health()["status"] == "ok"
        assert client.info()["version"] == "v2"


def test_clone_sends_what_was_asked() -> None:
    server = FakeServer()
    with client_of(server, api_key="secret", language="zh") as client:
        result = client.clone(TARGET, SOURCE, tau=1.0, seed=3)
    assert len(pcm_of(result.audio)[0]) == 2 * 25 * 22050
    assert result.stats.clone_seconds == 1.5
    assert result.request_id == "r-1"
    assert server.bodies[0]["tau"] == 1.0
    assert server.bodies[0]["seed"] == 3
    assert "temperature" not in server.bodies[0]
    headers = server.requests[0].headers
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Accept-Language"] == "zh"
    assert headers["Content-Type"] == "application/json"


def test_no_key_is_sent_where_none_is_given() -> None:
    server = FakeServer()
    with client_of(server) as client:
        client.health()
    assert "Authorization" not in server.requests[0].headers


def test_a_tone_stands_in_for_its_audio() -> None:
    server = FakeServer()
    with client_of(server) as client:
        tone = client.tone(TARGET)
        client.clone(tone, SOURCE)
    assert tone.warnings == ("short",)
    assert server.bodies[1]["target_tone"] == tone.tone
    assert "target_audio" not in server.bodies[1]


def test_the_marks_of_a_file_are_read() -> None:
    server = FakeServer()
    with client_of(server) as client:
        found = client.verify(SOURCE)
    assert found.watermarked and found.marked
    assert list(server.bodies[0]) == ["audio"]


def test_stream_yields_pieces_with_progress() -> None:
    server = FakeServer()
    shares: list[float] = []
    with (
        client_of(server) as client,
        client.clone_stream(TARGET, SOURCE, tau=0.5, progress=shares.append) as stream,
    ):
        assert stream.head.sample_rate_hz == 22050
        assert stream.head.seconds == pytest.approx(25)
        pieces = list(stream)
    assert [piece.index for piece in pieces] == [0, 1, 2]
    assert b"".join(piece.pcm for piece in pieces) == wav_file(25 * 22050)[44:]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1], abs=1e-4)


def test_an_encoded_clone_arrives_in_blocks() -> None:
    server = FakeServer()
    with (
        client_of(server) as client,
        client.clone_encoded(TARGET, SOURCE, format="mp3", sample_rate=44100) as blocks,
    ):
        received = list(blocks)
    assert len(received) == 2
    assert b"".join(received) == b"mp3" + wav_file(25 * 22050)[44:]
    assert (server.bodies[0]["format"], server.bodies[0]["sample_rate"]) == ("mp3", 44100)


def test_an_encoded_clone_that_breaks_off_is_an_error() -> None:
    server = FakeServer()
    server.cut_after_lines = 1
    with (
        client_of(server) as client,
        pytest.raises(Unreachable, match="peer closed"),
        client.clone_encoded(TARGET, SOURCE) as blocks,
    ):
        list(blocks)


def test_a_refused_encoded_clone_is_an_error() -> None:
    with (
        client_of(FakeServer(refusal(422, "silent_audio"))) as client,
        pytest.raises(ApiError, match="silent_audio"),
        client.clone_encoded(TARGET, SOURCE),
    ):
        pass


def test_a_stream_may_be_left_early() -> None:
    with client_of(FakeServer()) as client:
        with client.clone_stream(TARGET, SOURCE) as stream:
            assert next(iter(stream)).index == 0
        assert client.health()["status"] == "ok"


def test_a_stream_that_breaks_off_is_an_error() -> None:
    server = FakeServer()
    server.cut_after_lines = 2
    with (
        client_of(server) as client,
        pytest.raises(UnexpectedAnswer, match="ended before"),
        client.clone_stream(TARGET, SOURCE) as stream,
    ):
        list(stream)


def test_a_stream_may_end_in_an_error() -> None:
    server = FakeServer()
    server.last_line = json.loads(refusal(504, "deadline_exceeded").content)
    with (
        client_of(server) as client,
        pytest.raises(ApiError, match="deadline_exceeded"),
        client.clone_stream(TARGET, SOURCE) as stream,
    ):
        list(stream)


def test_a_refused_stream_is_an_error_before_its_first_piece() -> None:
    with (
        client_of(FakeServer(refusal(413, "audio_too_long", seconds=700))) as client,
        pytest.raises(ApiError) as caught,
        client.clone_stream(TARGET, SOURCE),
    ):
        pass
    assert caught.value.facts == {"seconds": 700, "maximum_seconds": 600, "index": 1}


def test_segments_are_ten_seconds_and_join_without_drift() -> None:
    server = FakeServer()
    shares: list[float] = []
    with client_of(server) as client:
        pieces = list(client.clone_segments(TARGET, SOURCE, tau=1.0, progress=shares.append))
    assert [len(piece) // 2 for piece in pieces] == [220500, 220500, 110250]
    assert shares == pytest.approx([0.4, 0.8, 1.0])
    assert {body["tau"] for body in server.bodies} == {1.0}
    assert len({body["target_audio"] for body in server.bodies}) == 1


def test_segments_read_an_open_target_once() -> None:
    server = FakeServer()
    with client_of(server) as client:
        assert len(list(client.clone_segments(io.BytesIO(TARGET), SOURCE))) == 3
        assert len(list(client.clone_segments([TARGET, io.BytesIO(TARGET)], SOURCE))) == 3
        assert len(list(client.clone_segments(client.tone(TARGET), SOURCE))) == 3
    sent = base64.b64encode(TARGET).decode()
    targets = [body.get("target_audio") for body in server.bodies]
    assert targets == [sent] * 3 + [[sent, sent]] * 3 + [None] * 4


def test_overload_is_asked_again_when_the_server_says(slept: list[float]) -> None:
    server = FakeServer(refusal(429, "overloaded", "3"), refusal(503, "not_ready", "1"))
    with client_of(server) as client:
        client.clone(TARGET, SOURCE)
    assert slept == [3, 1]
    assert len({request.content for request in server.requests}) == 1


def test_a_stream_is_asked_again_too(slept: list[float]) -> None:
    server = FakeServer(refusal(429, "overloaded", "2"))
    with client_of(server) as client, client.clone_stream(TARGET, SOURCE) as stream:
        assert len(list(stream)) == 3
    assert slept == [2]


def test_overload_is_an_error_in_the_end(slept: list[float]) -> None:
    server = FakeServer(*(refusal(429, "overloaded") for _ in range(5)))
    with client_of(server, retries=2) as client, pytest.raises(Overloaded):
        client.clone(TARGET, SOURCE)
    assert slept == [1, 2]
    assert len(server.requests) == 3


def test_other_errors_are_not_asked_again(slept: list[float]) -> None:
    server = FakeServer(refusal(500, "internal"))
    with client_of(server) as client, pytest.raises(ApiError, match="internal"):
        client.clone(TARGET, SOURCE)
    assert slept == []


def test_no_connection_is_named() -> None:
    server = FakeServer()
    server.reachable = False
    with (
        client_of(server) as client,
        pytest.raises(Unreachable, match="http://box:5000: connection refused"),
    ):
        client.health()


@pytest.mark.parametrize("address", ["http://host:port", "http://[::1"])
def test_an_address_that_is_none_is_unreachable(address: str) -> None:
    with pytest.raises(Unreachable, match=re.escape(address)):
        Client(address)


def test_an_address_without_scheme_is_unreachable() -> None:
    with Client("localhost:1") as client, pytest.raises(Unreachable):
        client.health()
