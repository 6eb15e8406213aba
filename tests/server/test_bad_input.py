"""Bad input gets its row of the table: never a 500, a traceback or a hang."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from server.settings import Settings
from tests.runtime.media.files import KINDS, Kind, media_file
from tests.server import audio
from tests.server.conftest import MakeClient

GOOD = audio.text(audio.clip(1.0))
ENDPOINTS = ("/api/clone", "/api/clone/stream")


def header(rate_hz: int, channels: int, samples: int = 0) -> bytes:
    """Give a WAV that claims a rate and channels, with this many silent samples."""
    data = bytes(2 * samples)
    rate_bytes = min(2**32 - 1, 2 * rate_hz * channels)
    align = min(2**16 - 1, 2 * channels)
    fmt = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_bytes, align, 16)
    chunks = b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def silence_flac(hours: float) -> bytes:
    """Give a small FLAC of long silence."""
    file = io.BytesIO()
    block = np.zeros(4000 * 60, np.int16)
    with soundfile.SoundFile(file, "w", 4000, 1, format="FLAC", subtype="PCM_16") as flac:
        for _ in range(round(hours * 60)):
            flac.write(block)
    return file.getvalue()


def with_nan() -> bytes:
    waveform = audio.speech(1.0)
    waveform[1000] = np.nan
    return audio.encoded(waveform, subtype="FLOAT")


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)

BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "invalid_json"),
    "white space": (b"  \n", 400, "invalid_json"),
    "a list": (b'["target_audio"]', 400, "invalid_json"),
    "null": (b"null", 400, "invalid_json"),
    "nested lists": (b'{"target_audio": ' + b"[" * 100_000, 400, "invalid_json"),
    "nested objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "invalid_json"),
    "no UTF-8": (b'{"tau": "\xff"}', 400, "invalid_json"),
    "cut off": (b'{"target_audio": "UklG', 400, "invalid_json"),
    "no fields": (b"{}", 422, "missing_field"),
}

FIELDS: dict[str, tuple[str, str, str]] = {
    "seed of 5,000 digits": ("seed", "9" * 5000, "invalid_field"),
    "negative seed": ("seed", "-1", "invalid_field"),
    "seed of 2^63": ("seed", str(2**63), "invalid_field"),
    "seed of one half": ("seed", "0.5", "invalid_field"),
    "seed in words": ("seed", '"1"', "invalid_field"),
    "tau NaN": ("tau", "NaN", "invalid_field"),
    "tau 1e999": ("tau", "1e999", "invalid_field"),
    "tau -1e999": ("tau", "-1e999", "invalid_field"),
    "tau in words": ("tau", '"0.3"', "invalid_field"),
    "tau true": ("tau", "true", "invalid_field"),
    "tau -1": ("tau", "-1", "invalid_field"),
    "tau 2": ("tau", "2", "invalid_field"),
    "tau a list": ("tau", "[0.3]", "invalid_field"),
    "temperature 1.5": ("temperature", "1.5", "invalid_field"),
    "temperature false": ("temperature", "false", "invalid_field"),
    "target a number": ("target_audio", "3", "invalid_field"),
    "target an object": ("target_audio", "{}", "invalid_field"),
    "targets none": ("target_audio", "[]", "invalid_field"),
    "targets too many": ("target_audio", "[" + '"AAAA",' * 16 + '"AAAA"]', "invalid_field"),
    "source a list": ("source_audio", '["AAAA"]', "invalid_field"),
    "source null": ("source_audio", "null", "missing_field"),
    "target garbage": ("target_audio", '"!!not base64!!"', "invalid_base64"),
    "source garbage": ("source_audio", '"音频"', "invalid_base64"),
    "source lone surrogate": ("source_audio", '"\\ud800"', "invalid_base64"),
    "source data URL of text": ("source_audio", '"data:text/plain,hello"', "invalid_base64"),
    "tone beside a target": ("target_tone", '"a:b"', "invalid_field"),
}

CLIPS: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "nothing": (lambda: b"", 422, "undecodable_audio"),
    "text": (lambda: b"hello, this is no audio at all\n" * 100, 422, "undecodable_audio"),
    "PNG": (lambda: PNG, 422, "undecodable_audio"),
    "AIFF": (lambda: audio.encoded(audio.speech(1), format="AIFF"), 422, "undecodable_audio"),
    "header alone": (lambda: header(22050, 1), 422, "audio_too_short"),
    "4 GHz": (lambda: header(4_000_000_000, 1, 100_000), 422, "undecodable_audio"),
    "1 Hz": (lambda: header(1, 1, 100), 422, "undecodable_audio"),
    "0 Hz": (lambda: header(0, 1, 100), 422, "undecodable_audio"),
    "1024 channels": (lambda: header(22050, 1024, 102_400), 422, "undecodable_audio"),
    "0 channels": (lambda: header(22050, 0, 100), 422, "undecodable_audio"),
    "NaN samples": (with_nan, 422, "undecodable_audio"),
    "three hours": (lambda: silence_flac(3), 413, "audio_too_long"),
    "cut-off header": (lambda: audio.clip(1.0)[:30], 422, "undecodable_audio"),
    "cut-off FLAC": (
        lambda: audio.encoded(audio.speech(3), format="FLAC")[:9000], 422, "undecodable_audio",
    ),
    "MP4 without sound": (lambda: media_file(Kind("mp4", None)), 422, "undecodable_audio"),
    "cut-off M4A": (lambda: media_file(KINDS["m4a"])[:5000], 422, "undecodable_audio"),
    "WebM head alone": (lambda: media_file(KINDS["webm"])[:60], 422, "undecodable_audio"),
    "eleven minutes of M4A": (
        lambda: media_file(KINDS["m4a"], waveform=np.zeros(660 * 16000, np.float32)),
        413,
        "audio_too_long",
    ),
}  # fmt: skip


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    document: dict[str, Any] = answer.json()
    assert list(document) == ["success", "message", "error", "request_id"]
    assert document["success"] is False
    assert document["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    return document


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "/api/tone"])
@pytest.mark.parametrize("name", BODIES)
def test_bodies(client: TestClient, endpoint: str, name: str) -> None:
    body, status, code = BODIES[name]
    headers = {"Content-Type": "application/json"}
    check(client.post(endpoint, content=body, headers=headers), status, code)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", FIELDS)
def test_fields(client: TestClient, endpoint: str, name: str) -> None:
    field, written, code = FIELDS[name]
    values = {"target_audio": f'"{GOOD}"', "source_audio": f'"{GOOD}"'} | {field: written}
    body = "{" + ", ".join(f'"{key}": {value}' for key, value in values.items()) + "}"
    headers = {"Content-Type": "application/json"}
    answer = client.post(endpoint, content=body.encode(), headers=headers)
    assert check(answer, 422, code)["error"]["param"] == field


@pytest.mark.parametrize("name", CLIPS)
def test_clips(client: TestClient, name: str) -> None:
    make, status, code = CLIPS[name]
    bad = audio.text(make())
    for field, endpoint, others in (
        ("source_audio", "/api/clone", {"target_audio": GOOD}),
        ("target_audio", "/api/clone", {"source_audio": GOOD}),
        ("source_audio", "/api/clone/stream", {"target_audio": GOOD}),
        ("audio", "/api/tone", {}),
    ):
        document = check(client.post(endpoint, json={field: bad, **others}), status, code)
        assert document["error"]["param"] == field


def test_a_cut_off_mp3(client: TestClient) -> None:
    mp3 = audio.encoded(audio.speech(5), format="MP3")
    answer = client.post(
        "/api/clone", json={"target_audio": GOOD, "source_audio": audio.text(mp3[: len(mp3) // 2])}
    )
    check(answer, 422, "undecodable_audio")


def test_a_target_that_is_too_short(client: TestClient) -> None:
    fields = {"target_audio": audio.text(audio.clip(0.05)), "source_audio": GOOD}
    error = check(client.post("/api/clone", json=fields), 422, "audio_too_short")["error"]
    assert error == {
        "code": "audio_too_short",
        "param": "target_audio",
        "seconds": pytest.approx(0.05, abs=0.001),
        "minimum_seconds": 0.5,
    }


def test_an_empty_source_is_too_short(client: TestClient) -> None:
    fields = {"target_audio": GOOD, "source_audio": audio.text(header(22050, 1))}
    error = check(client.post("/api/clone", json=fields), 422, "audio_too_short")["error"]
    assert error["param"] == "source_audio"


def test_a_silent_target(client: TestClient) -> None:
    silent = audio.text(audio.encoded(np.zeros(22050, np.float32)))
    fields = {"target_audio": silent, "source_audio": GOOD}
    assert check(client.post("/api/clone", json=fields), 422, "silent_audio")["error"] == {
        "code": "silent_audio",
        "param": "target_audio",
    }
    check(client.post("/api/tone", json={"audio": silent}), 422, "silent_audio")


def test_a_bad_clip_in_a_list_is_pointed_at(client: TestClient) -> None:
    fields = {"target_audio": [GOOD, audio.text(audio.clip(0.1))], "source_audio": GOOD}
    error = check(client.post("/api/clone", json=fields), 422, "audio_too_short")["error"]
    assert error["index"] == 1


def test_a_target_that_is_too_long(client: TestClient) -> None:
    long = audio.text(audio.clip(121, rate_hz=4000))
    answer = client.post("/api/clone", json={"target_audio": long, "source_audio": GOOD})
    assert check(answer, 413, "audio_too_long")["error"]["maximum_seconds"] == 120
    answer = client.post("/api/clone", json={"target_audio": GOOD, "source_audio": long})
    assert answer.status_code == 200


def test_a_tone_of_another_model(client: TestClient) -> None:
    tone = client.post("/api/tone", json={"audio": GOOD}).json()["tone"]
    other = "f" * 12 + tone[12:]
    answer = client.post("/api/clone", json={"target_tone": other, "source_audio": GOOD})
    check(answer, 422, "tone_model_mismatch")
    answer = client.post("/api/clone", json={"target_tone": tone[:-8], "source_audio": GOOD})
    check(answer, 422, "invalid_field")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "audio/wav"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_media_types(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/clone", content=b"{}", headers=headers)
    check(answer, 415, "unsupported_media_type")


def test_a_broken_form(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/api/clone", content=b"--y\r\n", headers=headers)
    check(answer, 400, "invalid_multipart")


@pytest.mark.parametrize("text", ["x", "nan", "2", "true"])
def test_bad_numbers_in_a_form(client: TestClient, text: str) -> None:
    clip = audio.clip(1.0)
    files = {"target_audio": clip, "source_audio": clip}
    answer = client.post("/api/clone", files=files, data={"tau": text})
    assert check(answer, 422, "invalid_field")["error"]["param"] == "tau"


def test_a_body_over_the_limit(make_client: MakeClient) -> None:
    client = make_client(Settings(body_bytes=10_000))
    answer = client.post("/api/clone", json={"target_audio": GOOD, "source_audio": GOOD})
    assert check(answer, 413, "body_too_large")["error"]["limit_bytes"] == 10_000


@pytest.mark.parametrize("field", ["target_audio", "source_audio"])
def test_audio_that_needs_more_memory_than_there_is(make_client: MakeClient, field: str) -> None:
    client = make_client(Settings(bytes_in_flight=1_000_000))
    small = audio.text(audio.encoded(audio.speech(1, 8000), 8000))
    large = audio.text(audio.encoded(audio.speech(40, 8000), 8000, format="MP3"))
    assert len(small) + len(large) < 500_000
    fields = {"target_audio": small, "source_audio": small} | {field: large}
    answer = client.post("/api/clone", json=fields)
    check(answer, 429, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
    fields[field] = small
    assert client.post("/api/clone", json=fields).status_code == 200


def test_errors_speak_the_client_s_language(client: TestClient) -> None:
    chinese = client.post("/api/clone", json={})
    assert "缺少字段" in chinese.json()["message"]
    assert chinese.headers["content-language"] == "zh"
    english = client.post("/api/clone", json={}, headers={"Accept-Language": "en-US,zh;q=0.5"})
    assert english.json()["message"] == "The field target_audio is missing."
    assert english.json()["error"] == chinese.json()["error"]
