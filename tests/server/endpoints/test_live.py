from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from runtime import VoiceCloner, wav
from runtime.arrays import Waveform
from server.inference.tone_text import write_tone
from server.messages.live import KEY_SUBPROTOCOL, SUBPROTOCOL
from server.settings import Settings
from tests.audio import audio_file, voice, voice_file
from tests.server.fakes import FakeEngine

MakeClient = Callable[..., TestClient]

PATH = "/api/clone/live"
ENGLISH = {"Accept-Language": "en"}
KEY = "geheim-密钥"


def _start(**changes: Any) -> dict[str, Any]:
    target = base64.b64encode(voice_file(2.0)).decode()
    return {"target_audio": target, "tau": 1.0, "seed": 5} | changes


def _session(client: TestClient, **options: Any) -> WebSocketTestSession:
    return client.websocket_connect(PATH, headers=ENGLISH, **options)


def _collect(socket: WebSocketTestSession) -> tuple[bytes, dict[str, Any]]:
    """Read audio up to the first text message."""
    audio = bytearray()
    while (message := socket.receive()).get("bytes") is not None:
        audio += message["bytes"]
    assert message["type"] == "websocket.send", message
    return bytes(audio), json.loads(message["text"])


def _assert_refused(socket: WebSocketTestSession, error: str, close_code: int) -> dict[str, Any]:
    message = _collect(socket)[1]
    assert message["type"] == "error"
    assert message["success"] is False
    assert message["error"]["code"] == error
    assert message["request_id"]
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == close_code
    return message


def test_a_session_from_start_to_end(client: TestClient, engine: FakeEngine) -> None:
    speech = voice(1.0)
    with _session(client) as socket:
        socket.send_json(_start(temperature=0.5))
        ready = socket.receive_json()
        assert ready | {"request_id": ""} == {
            "type": "ready",
            "sample_rate": 22050,
            "format": "pcm_s16le",
            "latency_seconds": 0.0929,
            "chunk_seconds": 0.0929,
            "ai_generated": False,
            "request_id": "",
        }
        data = wav.pcm16(speech)
        for start in range(0, len(data), 882):
            socket.send_bytes(data[start : start + 882])
        socket.send_json({"type": "end"})
        audio, done = _collect(socket)
        assert done["type"] == "done"
        assert done["stats"]["seconds"] == 1.0
        assert done["stats"]["steps"] == engine.live_steps == 11
        assert done["stats"]["seed"] == 5
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1000
    assert len(audio) == len(data)
    found = np.frombuffer(audio, "<i2").astype(int)
    assert np.abs(found - np.frombuffer(data, "<i2") // 2).max() <= 1
    assert engine.options == {"tau": 1.0, "temperature": 0.5, "seed": 5}


def _live_of(client: TestClient, speech: bytes, size: int, **start: Any) -> bytes:
    with _session(client) as socket:
        socket.send_json(_start(**start))
        assert socket.receive_json()["type"] == "ready"
        for at in range(0, len(speech), size):
            socket.send_bytes(speech[at : at + size])
        socket.send_json({"type": "end"})
        audio, done = _collect(socket)
        assert done["type"] == "done", done
    return audio


@pytest.mark.parametrize("rate_hz", [22050, 48000])
def test_exact_is_what_clone_answers(
    make_client: MakeClient, real_engine: VoiceCloner, rate_hz: int
) -> None:
    client = make_client(Settings(live_load=100.0), engine=real_engine)
    data = wav.pcm16(voice(1.5, rate_hz, seed=3))
    source = audio_file(np.frombuffer(data, "<i2"), rate_hz)
    tone = real_engine.tone(real_engine.decode(source))
    body = _start(source_audio=base64.b64encode(source).decode())
    answer = client.post("/api/clone", json=body, headers={"Accept": "audio/wav"})
    expected = np.frombuffer(answer.content[44:], "<i2").astype(int)
    audio = _live_of(
        client,
        data,
        1764,
        latency="exact",
        sample_rate=rate_hz,
        source_tone=write_tone(tone, real_engine.manifest),
    )
    assert len(audio) == 2 * len(expected)
    assert np.abs(np.frombuffer(audio, "<i2") - expected).max() <= 1


def test_blocks_do_not_change_a_bit(make_client: MakeClient, real_engine: VoiceCloner) -> None:
    client = make_client(Settings(live_load=100.0), engine=real_engine)
    speech = voice(0.5)
    expected = _live_of(client, wav.pcm16(speech), 2 * 100_000, latency="low")
    for samples in (7, 160, 441, 4800):
        assert _live_of(client, wav.pcm16(speech), 2 * samples, latency="low") == expected


def test_float_samples_are_taken(client: TestClient) -> None:
    speech: Waveform = voice(0.3)
    floats = _live_of(client, speech.tobytes(), 4000, format="pcm_f32le")
    integers = _live_of(client, wav.pcm16(speech), 4000)
    difference = np.frombuffer(floats, "<i2").astype(int) - np.frombuffer(integers, "<i2")
    assert np.abs(difference).max() <= 1


def test_a_speaker_may_be_enrolled(client: TestClient, engine: FakeEngine) -> None:
    quiet = audio_file(voice(2.0) * np.float32(0.1))
    _live_of(client, b"", 1, source_audio=base64.b64encode(quiet).decode())
    assert engine.tones is not None
    source, target = engine.tones
    assert source[0] == pytest.approx(0.1 * target[0], rel=0.01)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"target_audio": None}, "missing_field"),
        ({"target_audio": "!"}, "invalid_base64"),
        ({"target_audio": "AAAA"}, "undecodable_audio"),
        ({"target_tone": "x"}, "invalid_field"),
        ({"tau": 2}, "invalid_field"),
        ({"sample_rate": 7999}, "invalid_field"),
        ({"sample_rate": 48001}, "invalid_field"),
        ({"sample_rate": "22050"}, "invalid_field"),
        ({"format": "mp3"}, "invalid_field"),
        ({"latency": "none"}, "invalid_field"),
        ({"latency": ["low"]}, "invalid_field"),
        ({"source_tone": 3}, "invalid_field"),
        ({"source_tone": "abc:AAAA"}, "tone_model_mismatch"),
        ({"source_tone": "x", "source_audio": "AAAA"}, "invalid_field"),
        ({"source_audio": 3}, "invalid_field"),
    ],
)
def test_a_wrong_first_message_is_refused(
    client: TestClient, changes: dict[str, Any], error: str
) -> None:
    with _session(client) as socket:
        socket.send_json(_start(**changes))
        message = _assert_refused(socket, error, 1008)
    if error != "missing_field":
        assert message["error"]["param"] in changes


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 5000, '"end"'])
def test_a_first_message_that_is_no_object_is_refused(client: TestClient, text: str) -> None:
    with _session(client) as socket:
        socket.send_text(text)
        _assert_refused(socket, "invalid_json", 1008)


def test_audio_before_the_first_message_is_refused(client: TestClient) -> None:
    with _session(client) as socket:
        socket.send_bytes(bytes(100))
        message = _assert_refused(socket, "unexpected_message", 1008)
    assert "names the target" in message["message"]
    assert "names the target" in message["error"]["expected"]


@pytest.mark.parametrize(
    "text", ['{"type": "stop"}', "{}", '{"type": "end", "x": "%s"}' % ("y" * 5000)]
)
def test_other_text_where_audio_is_due_is_refused(client: TestClient, text: str) -> None:
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        socket.send_text(text)
        _assert_refused(socket, "unexpected_message", 1008)


def test_nothing_may_follow_the_end(client: TestClient, engine: FakeEngine) -> None:
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        engine.gate.shut()
        socket.send_bytes(bytes(10_000))
        socket.send_json({"type": "end"})
        socket.send_bytes(bytes(100))
        _assert_refused(socket, "unexpected_message", 1008)
        engine.gate.open()


def test_half_a_sample_is_refused(client: TestClient) -> None:
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        socket.send_bytes(bytes(101))
        message = _assert_refused(socket, "unexpected_message", 1008)
    assert "whole samples" in message["message"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(client: TestClient, value: float) -> None:
    with _session(client) as socket:
        socket.send_json(_start(format="pcm_f32le"))
        socket.receive_json()
        socket.send_bytes(np.array([0, value], "<f4").tobytes())
        message = _assert_refused(socket, "undecodable_audio", 1008)
    assert message["error"]["reason"] == "not_finite"


def test_one_message_may_not_hold_too_much(make_client: MakeClient) -> None:
    client = make_client(Settings(live_ahead_seconds=1.0))
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        socket.send_bytes(bytes(2 * 22051))
        message = _assert_refused(socket, "body_too_large", 1009)
    assert message["error"]["limit_bytes"] == 44100


def test_a_session_may_not_last_too_long(make_client: MakeClient) -> None:
    client = make_client(Settings(live_session_seconds=1.0))
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        for _ in range(3):
            socket.send_bytes(bytes(22050))
        message = _assert_refused(socket, "audio_too_long", 1009)
    assert message["error"]["maximum_seconds"] == 1.0


def test_a_client_that_says_nothing_is_let_go(make_client: MakeClient) -> None:
    client = make_client(Settings(live_idle_seconds=0.2))
    with _session(client) as socket:
        message = _assert_refused(socket, "upload_timeout", 1008)
    assert message["error"]["limit_seconds"] == 0.2


def test_a_client_that_falls_silent_is_let_go(make_client: MakeClient) -> None:
    client = make_client(Settings(live_idle_seconds=3.0))
    with _session(client) as socket:
        socket.send_json(_start())
        assert socket.receive_json()["type"] == "ready"
        _assert_refused(socket, "upload_timeout", 1008)


def test_there_is_a_place_for_so_many(make_client: MakeClient) -> None:
    client = make_client(Settings(live_sessions=1))
    with _session(client) as first:
        with _session(client) as second:
            message = _assert_refused(second, "overloaded", 1013)
            assert message["error"]["retry_after_seconds"] >= 1
        first.send_json(_start())
        assert first.receive_json()["type"] == "ready"
    with _session(client) as third:
        third.send_json(_start())
        assert third.receive_json()["type"] == "ready"


def test_one_session_too_many_is_refused_by_what_they_cost(
    make_client: MakeClient,
) -> None:
    client = make_client(Settings(live_load=0.0))
    with _session(client) as socket:
        socket.send_json(_start())
        _assert_refused(socket, "overloaded", 1013)


def test_a_fault_of_ours_says_nothing_of_itself(client: TestClient, engine: FakeEngine) -> None:
    engine.fail_at_window = 0
    with _session(client) as socket:
        socket.send_json(_start())
        socket.receive_json()
        socket.send_bytes(bytes(10_000))
        message = _assert_refused(socket, "internal", 1011)
    assert "secret" not in str(message)


def _denied(client: TestClient, **options: Any) -> WebSocketDenialResponse:
    try:
        client.websocket_connect(PATH, **options).__enter__()
    except WebSocketDenialResponse as answer:
        return answer
    raise AssertionError("the connection was accepted")


def test_the_key_is_asked_for_before_the_upgrade(make_client: MakeClient) -> None:
    client = make_client(Settings(api_key=KEY))
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = _denied(client, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthorized"
    for subprotocol in ("openvoice.key.!!", "openvoice.key.", KEY_SUBPROTOCOL + "d3Jvbmc"):
        assert _denied(client, subprotocols=[subprotocol]).status_code == 401


def test_the_key_travels_in_a_header_or_a_subprotocol(make_client: MakeClient) -> None:
    client = make_client(Settings(api_key=KEY))
    headers: Any = {"Authorization": b"Bearer " + KEY.encode()}
    encoded = base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("=")
    key = KEY_SUBPROTOCOL + encoded

    def accepted(**options: Any) -> Any:
        with client.websocket_connect(PATH, **options) as socket:
            return socket.accepted_subprotocol

    assert accepted(headers=headers) is None
    assert accepted(subprotocols=[SUBPROTOCOL, key]) == SUBPROTOCOL
    assert accepted(subprotocols=[key]) == key


def test_other_pages_may_not_connect(make_client: MakeClient) -> None:
    client = make_client(Settings(allowed_origins=("https://good.example",)))
    answer = _denied(client, headers={"Origin": "https://evil.example", **ENGLISH})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "origin_not_allowed"
    assert _denied(client, headers={"Origin": "null"}).status_code == 403
    for origin in ("https://good.example", "http://testserver"):
        with client.websocket_connect(PATH, headers={"Origin": origin}):
            pass
    everyone = make_client(Settings(allowed_origins=("*",)))
    with everyone.websocket_connect(PATH, headers={"Origin": "https://evil.example"}):
        pass


def test_it_is_counted_and_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "server.middleware.request_log")
    _live_of(client, bytes(2 * 22050), 4410)
    text = client.get("/metrics").text
    assert 'openvoice_requests_total{endpoint="/api/clone/live",outcome="ok"} 1.0' in text
    assert "openvoice_live_sessions 0.0" in text
    assert 'openvoice_live_steps_total{late="false",latency="balanced"}' in text
    assert 'openvoice_audio_seconds_total{direction="out"' in text
    records = [vars(record) for record in caplog.records if record.message == "request"]
    (line,) = [record for record in records if record["path"] == PATH]
    assert line["method"] == "WEBSOCKET"
    assert line["status"] == 1000
    assert line["outcome"] == "ok"
    assert (line["steps"], line["latency"]) == (11, "balanced")


def test_a_plain_request_finds_nothing_there(client: TestClient) -> None:
    assert client.get(PATH).status_code == 404
