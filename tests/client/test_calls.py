from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import UnreadableAudio, calls
from client.calls import Call
from client.errors import ApiError
from tests.client.fake_server import FakeServer, refusal, wav_file

CALLS = {
    "GET /api/health": calls.health(),
    "GET /api/info": calls.info(),
    "POST /api/tone": calls.tone(wav_file(5)),
    "POST /api/verify": calls.verify(wav_file(5)),
    "POST /api/clone": calls.clone(wav_file(5), wav_file(5), {}),
    "POST /api/voices": calls.add_voice("anna", wav_file(5), True),
    "GET /api/voices": calls.list_voices(""),
    "POST /api/clone/stream": calls.clone_stream(wav_file(5), wav_file(5), {"tau": 1.0}),
}

ENCODED = calls.clone_encoded(wav_file(5), wav_file(5), {"format": "mp3"})


@pytest.mark.parametrize(("address", "call"), CALLS.items())
def test_the_server_answers_each_call(address: str, call: Call[Any]) -> None:
    assert f"{call.method} {call.path}" == address
    request = httpx.Request(call.method, "http://box" + call.path, content=call.body())
    response = FakeServer()(request)
    assert response.status_code in (200, 201)
    if call.path != "/api/clone/stream":
        assert call.parse(response)


@pytest.mark.parametrize("call", [*CALLS.values(), ENCODED], ids=[*CALLS, "encoded"])
def test_a_refusal_is_raised_by_each_call(call: Call[Any]) -> None:
    with pytest.raises(ApiError, match="internal"):
        call.parse(refusal(500, "internal"))


def test_files_are_read_only_for_the_body(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    call = calls.tone(path)
    with pytest.raises(UnreadableAudio, match=r"voice\.wav"):
        call.body()
    path.write_bytes(b"RIFF")
    assert json.loads(call.body() or b"") == {"audio": "UklGRg=="}


def test_an_encoded_clone_always_names_its_format() -> None:
    for options, format in (({}, "wav"), ({"format": None}, "wav"), ({"format": "mp3"}, "mp3")):
        call = calls.clone_encoded(wav_file(5), wav_file(5), options)  # type: ignore[arg-type]
        assert call.path == "/api/clone/stream"
        assert json.loads(call.body() or b"")["format"] == format
