"""Results in every format, as JSON, as a file and as a stream."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from starlette.testclient import TestClient

from server.inference.engine import Engine
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import FakeEngine

SECONDS = 2.3
SAMPLES = round(SECONDS * 22050)
FIELDS = {
    "target_audio": audio.text(audio.clip(1.0, pitch_hz=220)),
    "source_audio": audio.text(audio.clip(SECONDS, pitch_hz=110)),
    "seed": 1,
}
MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "pcm": "audio/pcm;rate=22050;channels=1",
}
PATHS = ("/api/clone", "/api/clone/stream")


def decoded(file: bytes) -> tuple[NDArray[np.float32], int]:
    samples, rate_hz = soundfile.read(io.BytesIO(file), dtype="float32")
    return samples, rate_hz


def raw(samples: bytes, kind: str = "<i2") -> NDArray[np.int16]:
    return np.frombuffer(samples, kind).astype(np.int16)


@pytest.fixture
def whole(client: TestClient) -> NDArray[np.int16]:
    """The result in the contract's form."""
    answer = client.post("/api/clone", json=FIELDS)
    return audio.pcm(base64.b64decode(answer.json()["result_audio"]))


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "ogg"])
def test_a_format_in_json(client: TestClient, whole: NDArray[np.int16], format: str) -> None:
    answer = client.post("/api/clone", json=FIELDS | {"format": format})
    assert list(answer.json()) == ["success", "message", "result_audio", "stats"]
    found, rate_hz = decoded(base64.b64decode(answer.json()["result_audio"]))
    assert rate_hz == (48000 if format == "ogg" else 22050)
    assert len(found) == round(SECONDS * rate_hz)
    if format in ("wav", "flac"):
        np.testing.assert_array_equal(np.rint(found * 32768).astype(int), whole)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_a_format_by_field_and_by_header_is_the_same_file(
    client: TestClient, path: str, format: str
) -> None:
    media_type = MEDIA_TYPES[format]
    by_header = client.post(path, json=FIELDS, headers={"Accept": media_type})
    by_field = client.post(path, json=FIELDS | {"format": format}, headers={"Accept": "audio/*"})
    form = {name: (None, str(value)) for name, value in {**FIELDS, "format": format}.items()}
    by_form = client.post(path, files=form, headers={"Accept": "audio/*"})
    for answer in (by_header, by_field, by_form):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == media_type
        assert answer.headers["vary"] == "Accept"
    if format == "ogg":  # whose streams have a number of their own
        sizes = [len(answer.content) for answer in (by_header, by_field, by_form)]
        assert max(sizes) - min(sizes) < 500
    else:
        assert by_header.content == by_field.content == by_form.content


@pytest.mark.parametrize("format", MEDIA_TYPES)
def test_the_stream_is_the_file(client: TestClient, format: str) -> None:
    headers = {"Accept": MEDIA_TYPES[format]}
    file, stream = (client.post(path, json=FIELDS, headers=headers) for path in PATHS)
    assert "content-length" not in stream.headers
    if format == "ogg":
        np.testing.assert_array_equal(decoded(file.content)[0], decoded(stream.content)[0])
    else:
        assert stream.content == file.content


def test_a_format_alone_makes_the_stream_playable(client: TestClient) -> None:
    answer = client.post("/api/clone/stream", json=FIELDS | {"format": "mp3"})
    assert answer.headers["content-type"] == "audio/mpeg"
    assert len(decoded(answer.content)[0]) == SAMPLES


def test_raw_samples(client: TestClient, whole: NDArray[np.int16]) -> None:
    for path in PATHS:
        little = client.post(path, json=FIELDS, headers={"Accept": "audio/pcm"})
        np.testing.assert_array_equal(raw(little.content), whole)
        network = client.post(path, json=FIELDS, headers={"Accept": "audio/L16"})
        assert network.headers["content-type"] == "audio/L16;rate=22050;channels=1"
        np.testing.assert_array_equal(raw(network.content, ">i2"), whole)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_a_sample_rate(client: TestClient, whole: NDArray[np.int16], rate_hz: int) -> None:
    fields = FIELDS | {"sample_rate": rate_hz}
    found, found_hz = decoded(
        client.post("/api/clone", json=fields, headers={"Accept": "audio/wav"}).content
    )
    assert (found_hz, len(found)) == (rate_hz, round(SECONDS * rate_hz))
    # the loudness stays, less what lies above the new rate's band
    level = np.sqrt(np.mean(np.square(whole / 32768)))
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(level, rel=0.05)


def test_lines_have_the_sample_rate_too(client: TestClient) -> None:
    fields = FIELDS | {"sample_rate": 16000}
    answer = client.post("/api/clone/stream", json=fields)
    first, *lines, _ = [json.loads(line) for line in answer.text.splitlines()]
    total = round(SECONDS * 16000)
    assert (first["sample_rate"], first["samples"]) == (16000, total)
    assert len(lines) == first["lines"] == 3
    joined = b"".join(base64.b64decode(line["audio"]) for line in lines)
    assert len(joined) == 2 * total
    assert lines[-1]["progress"] == 1.0
    file = client.post("/api/clone", json=fields, headers={"Accept": "audio/pcm"})
    assert file.content == joined


@pytest.mark.parametrize(
    ("fields", "param", "expected"),
    [
        ({"format": "mp3", "sample_rate": 22000}, "sample_rate", "one of 8000, 11025"),
        ({"format": "ogg", "sample_rate": 24000}, "sample_rate", "48000 in the format ogg"),
        ({"sample_rate": 7999}, "sample_rate", "from 8000 to 48000"),
        ({"sample_rate": 16000.5}, "sample_rate", "from 8000 to 48000"),
        ({"sample_rate": "16000"}, "sample_rate", "from 8000 to 48000"),
        ({"format": "l16"}, "format", "wav, flac, mp3, ogg, pcm"),
        ({"format": "WAV"}, "format", "wav, flac, mp3, ogg, pcm"),
        ({"format": 1}, "format", "wav, flac, mp3, ogg, pcm"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_what_no_format_has_is_refused_before_any_work(
    client: TestClient, engine: FakeEngine, path: str, fields: dict[str, Any], param: str,
    expected: str,
) -> None:  # fmt: skip
    before = engine.tone_steps
    answer = client.post(path, json=FIELDS | fields, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (
        "invalid_field", param,
    )  # fmt: skip
    assert expected in answer.json()["message"]
    assert engine.tone_steps == before


def test_an_error_is_json_where_audio_was_asked_for(client: TestClient) -> None:
    for path in PATHS:
        answer = client.post(
            path, json=FIELDS | {"source_audio": "AAAA"}, headers={"Accept": "audio/mpeg"}
        )
        assert answer.status_code == 422
        assert answer.json()["error"]["param"] == "source_audio"


def test_a_stream_that_fails_is_broken_off(client: TestClient, engine: FakeEngine) -> None:
    engine.fail_at_window = 1
    with client.stream(
        "POST", "/api/clone/stream", json=FIELDS, headers={"Accept": "audio/wav"}
    ) as answer:
        assert answer.status_code == 200
        received = answer.read()
    assert 0 < len(received) < 2 * SAMPLES


def test_the_real_engine_answers_in_every_format(
    make_client: MakeClient, real_engine: Engine
) -> None:
    client = make_client(engine=real_engine)
    file = client.post("/api/clone", json=FIELDS, headers={"Accept": "audio/wav"})
    expected = audio.pcm(file.content)
    for format in ("flac", "mp3", "ogg"):
        answer = client.post("/api/clone/stream", json=FIELDS | {"format": format})
        found, rate_hz = decoded(answer.content)
        assert len(found) == round(SECONDS * rate_hz)
        if format == "flac":
            np.testing.assert_array_equal(np.rint(found * 32768).astype(int), expected)
