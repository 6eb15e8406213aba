"""The three endpoints that work, held to the contract with a fake engine and with the real one."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from server.inference.engine import Engine
from server.settings import Settings
from tests.runtime.media.files import Kind, media_file
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import FakeEngine

TARGET = audio.clip(1.0, pitch_hz=220)
SOURCE = audio.clip(2.3, pitch_hz=110)


@pytest.fixture(params=["fake", "real"])
def either(request: pytest.FixtureRequest, make_client: MakeClient) -> TestClient:
    """Give a client of a server with the fake engine, then of one with the real one."""
    name = "engine" if request.param == "fake" else "real_engine"
    engine: Engine = request.getfixturevalue(name)
    return make_client(engine=engine)


def body(**fields: Any) -> dict[str, Any]:
    defaults = {"target_audio": audio.text(TARGET), "source_audio": audio.text(SOURCE)}
    return {name: value for name, value in (defaults | fields).items() if value is not ...}


def result(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return audio.pcm(base64.b64decode(answer.json()["result_audio"], validate=True))


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_contract_s_answer(either: TestClient) -> None:
    answer = either.post("/api/clone", json=body(tau=0.3))
    assert len(result(answer)) == round(2.3 * 22050)
    document = answer.json()
    assert list(document) == ["success", "message", "result_audio", "stats"]
    assert document["success"] is True
    assert document["message"] == "音色克隆成功"
    assert list(document["stats"]) == ["extract_time", "clone_time", "total_time"]
    assert all(re.fullmatch(r"\d+\.\d\ds", text) for text in document["stats"].values())
    stages = re.findall(r"(\w+);dur=[\d.]+", answer.headers["server-timing"])
    assert set(stages) == {
        "upload", "queue", "parse", "decode", "tone", "convert", "encode", "total",
    }  # fmt: skip


def test_the_message_of_success_is_never_translated(client: TestClient) -> None:
    answer = client.post("/api/clone", json=body(), headers={"Accept-Language": "en"})
    assert answer.json()["message"] == "音色克隆成功"


def test_a_seed_repeats_and_another_differs(make_client: MakeClient, real_engine: Engine) -> None:
    client = make_client(engine=real_engine)
    one, again, other = (
        result(client.post("/api/clone", json=body(seed=seed, temperature=1))) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert np.any(one != other)


def test_options_reach_the_engine(client: TestClient, engine: FakeEngine) -> None:
    client.post("/api/clone", json=body())
    assert engine.options == {"tau": 0.3, "temperature": 0.3, "seed": None}
    client.post("/api/clone", json=body(tau=1, temperature=0, seed=2**63 - 1))
    assert engine.options == {"tau": 1.0, "temperature": 0.0, "seed": 2**63 - 1}
    client.post("/api/clone", json=body(tau=0, temperature=None, seed=None, unknown=[1]))
    assert engine.options == {"tau": 0.0, "temperature": 0.3, "seed": None}


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: "data:audio/wav;base64," + text,
        lambda text: "data:;base64," + text,
        lambda text: "\n".join(textwrap.wrap(text, 76)),
        lambda text: text.rstrip("="),
    ],
    ids=["bare", "data URL", "data URL without type", "line breaks", "no padding"],
)
def test_the_ways_to_write_base64(client: TestClient, write: Any) -> None:
    fields = {name: write(text) for name, text in body().items()}
    assert len(result(client.post("/api/clone", json=fields))) == round(2.3 * 22050)


SPEECH = audio.speech(1.5, 48000)
FORMATS = {
    "8 kHz": audio.encoded(audio.speech(1.5, 8000), 8000),
    "96 kHz stereo": audio.encoded(np.stack([audio.speech(1.5, 96000)] * 2, axis=1), 96000),
    "5.1": audio.encoded(np.stack([SPEECH] * 6, axis=1), 48000),
    "8 bit": audio.encoded(SPEECH, 48000, subtype="PCM_U8"),
    "24 bit": audio.encoded(SPEECH, 48000, subtype="PCM_24"),
    "float": audio.encoded(SPEECH, 48000, subtype="FLOAT"),
    "FLAC": audio.encoded(SPEECH, 48000, format="FLAC"),
    "MP3": audio.encoded(SPEECH, 48000, format="MP3"),
    "Vorbis": audio.encoded(SPEECH, 48000, format="OGG", subtype="VORBIS"),
    "Opus": audio.encoded(SPEECH, 48000, format="OGG", subtype="OPUS"),
    "M4A": media_file(Kind("ipod", "aac", 48000), waveform=SPEECH),
    "WebM": media_file(Kind("webm", "libopus", 48000), waveform=SPEECH),
    "MP4 with pictures": media_file(Kind("mp4", "aac", 48000, pictures=True), waveform=SPEECH),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_give_results_as_long_as_the_source(either: TestClient, name: str) -> None:
    fields = body(source_audio=audio.text(FORMATS[name]), target_audio=audio.text(FORMATS[name]))
    assert len(result(either.post("/api/clone", json=fields))) == round(1.5 * 22050)


@pytest.mark.parametrize("seconds", [1 / 22050, 0.02, 0.3])
def test_a_short_source(either: TestClient, seconds: float) -> None:
    fields = body(source_audio=audio.text(audio.clip(seconds)))
    assert len(result(either.post("/api/clone", json=fields))) == max(1, round(seconds * 22050))


def test_a_silent_source_stays_silent(either: TestClient) -> None:
    silence = audio.encoded(np.zeros(22050, np.float32))
    assert not np.any(
        result(either.post("/api/clone", json=body(source_audio=audio.text(silence))))
    )


def test_wav_bytes_where_they_are_asked_for(either: TestClient) -> None:
    fields = body(seed=3)
    answer = either.post("/api/clone", json=fields, headers={"Accept": "audio/wav"})
    assert answer.headers["content-type"] == "audio/wav"
    np.testing.assert_array_equal(
        audio.pcm(answer.content), result(either.post("/api/clone", json=fields))
    )


def test_a_form_gives_what_json_gives(either: TestClient) -> None:
    files = {"target_audio": ("t.wav", TARGET), "source_audio": ("s.wav", SOURCE)}
    options = {"tau": "0.7", "temperature": "0.2", "seed": "5"}
    form = result(either.post("/api/clone", files=files, data=options))
    same = result(either.post("/api/clone", json=body(tau=0.7, temperature=0.2, seed=5)))
    np.testing.assert_array_equal(form, same)


def test_several_targets_are_averaged_by_length(client: TestClient, engine: FakeEngine) -> None:
    loud, soft = (audio.encoded(audio.speech(n) * g) for n, g in ((1, 1.0), (3, 0.5)))
    tones = []
    for targets in ([loud], [soft], [loud, soft]):
        fields = body(target_audio=[audio.text(target) for target in targets])
        assert client.post("/api/clone", json=fields).status_code == 200
        assert engine.tones is not None
        tones.append(engine.tones[1][0])
    assert tones[2] == pytest.approx((tones[0] + 3 * tones[1]) / 4, rel=1e-3)


def test_several_targets_in_a_form(client: TestClient) -> None:
    files = [("target_audio", TARGET), ("target_audio", TARGET), ("source_audio", SOURCE)]
    assert len(result(client.post("/api/clone", files=files))) == round(2.3 * 22050)


def test_a_tone_stands_for_its_target(either: TestClient) -> None:
    answer = either.post("/api/tone", json={"audio": audio.text(TARGET)})
    assert answer.status_code == 200
    document = answer.json()
    assert list(document) == ["success", "tone", "seconds", "warnings"]
    assert document["seconds"] == 1.0
    assert "short" in document["warnings"]
    by_tone = body(target_audio=..., target_tone=document["tone"], seed=1)
    np.testing.assert_array_equal(
        result(either.post("/api/clone", json=by_tone)),
        result(either.post("/api/clone", json=body(seed=1))),
    )


def test_a_tone_from_a_form(client: TestClient) -> None:
    answer = client.post("/api/tone", files={"audio": TARGET})
    assert answer.json()["success"] is True


def test_the_stream_joined_is_the_clone(either: TestClient) -> None:
    fields = body(seed=4, tau=0.8)
    first, *windows, last = lines(either.post("/api/clone/stream", json=fields))
    whole = result(either.post("/api/clone", json=fields))
    assert first == {
        "success": True,
        "format": "pcm_s16le",
        "sample_rate": 22050,
        "channels": 1,
        "seconds": 2.3,
        "samples": len(whole),
        "windows": len(windows),
        "lines": len(windows),
        "request_id": first["request_id"],
    }
    pieces = [np.frombuffer(base64.b64decode(line["audio"]), "<i2") for line in windows]
    joined = np.concatenate(pieces)
    assert len(joined) == len(whole)
    assert np.abs(joined.astype(int) - whole).max() <= 1
    starts = np.cumsum([0, *(len(piece) for piece in pieces)])
    assert [line["index"] for line in windows] == list(range(len(windows)))
    np.testing.assert_allclose(
        [line["start_seconds"] for line in windows], starts[:-1] / 22050, atol=1e-6
    )
    np.testing.assert_allclose(
        [line["progress"] for line in windows], starts[1:] / len(whole), atol=1e-6
    )
    assert windows[-1]["progress"] == 1.0
    assert (last["success"], last["message"], last["seed"]) == (True, "音色克隆成功", 4)
    assert list(last["stats"]) == ["extract_time", "clone_time", "total_time"]


def test_a_stream_checks_everything_before_its_first_line(client: TestClient) -> None:
    answer = client.post("/api/clone/stream", json=body(source_audio="AAAA"))
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "source_audio"


def test_an_error_in_a_stream_is_its_last_line(client: TestClient, engine: FakeEngine) -> None:
    engine.fail_at_window = 1
    headers = {"Accept-Language": "en"}
    answer = client.post("/api/clone/stream", json=body(), headers=headers)
    first, window, last = lines(answer)
    assert (first["success"], window["index"]) == (True, 0)
    assert last["success"] is False
    assert last["error"] == {"code": "internal"}
    assert last["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text


def test_a_target_is_remembered(client: TestClient, engine: FakeEngine) -> None:
    target = audio.text(audio.clip(12))
    client.post("/api/clone", json=body(target_audio=target))
    both = engine.tone_steps
    client.post("/api/clone", json=body(target_audio=target))
    assert engine.tone_steps - both == 1


def test_who_asks_for_the_tone_first_pays_for_it(client: TestClient, engine: FakeEngine) -> None:
    client.post("/api/tone", json={"audio": audio.text(TARGET)})
    steps = engine.tone_steps
    client.post("/api/clone", json=body())
    assert engine.tone_steps - steps == 1


def test_the_deadline_is_checked_between_windows(
    make_client: MakeClient, engine: FakeEngine
) -> None:
    client = make_client(Settings(deadline_seconds=0.15))
    engine.window_seconds = 0.05
    answer = client.post("/api/clone", json=body(source_audio=audio.text(audio.clip(30))))
    assert answer.status_code == 504
    assert answer.json()["error"] == {"code": "deadline_exceeded", "limit_seconds": 0.15}
    assert engine.windows_done < 10


def test_a_deadline_in_a_stream_is_its_last_line(
    make_client: MakeClient, engine: FakeEngine
) -> None:
    client = make_client(Settings(deadline_seconds=0.3))
    engine.window_seconds = 0.05
    fields = body(source_audio=audio.text(audio.clip(30)))
    *_, last = lines(client.post("/api/clone/stream", json=fields))
    assert last["error"]["code"] == "deadline_exceeded"
