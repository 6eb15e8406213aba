"""Results are marked as the settings say, and /api/verify reads the marks."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from runtime.marking.label import Label
from runtime.marking.labelling import find_label
from server.settings import Marking, Settings
from tests.server import audio
from tests.server.conftest import MakeClient

SAMPLES = Path(__file__).parents[2] / "samples"
SPEECH = (SAMPLES / "english-woman.flac").read_bytes()
HEADER = "x-ai-generated"
PRODUCER = Settings(producer="示例公司", content_id_prefix="cn-")
MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg"}


def body(**fields: Any) -> dict[str, Any]:
    return {"target_audio": audio.text(SPEECH), "source_audio": audio.text(SPEECH), **fields}


def verify(client: TestClient, data: bytes) -> dict[str, Any]:
    answer = client.post("/api/verify", json={"audio": base64.b64encode(data).decode()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def clients(make_client: MakeClient) -> dict[Marking, TestClient]:
    modes: tuple[Marking, ...] = ("full", "metadata", "none")
    return {mode: make_client(PRODUCER, marking=mode) for mode in modes}


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_a_file_has_the_marks_that_the_settings_say(
    clients: dict[Marking, TestClient], form: str
) -> None:
    for mode, client in clients.items():
        answer = client.post("/api/clone", json=body(format=form))
        assert answer.headers.get(HEADER) == (None if mode == "none" else "true")
        data = base64.b64decode(answer.json()["result_audio"])
        found = verify(client, data)
        assert found["watermark"]["present"] == (mode == "full")
        if mode == "none":
            assert found["metadata"] is None
        else:
            # the id that the log has
            content_id = "cn-" + answer.headers["x-request-id"]
            assert find_label(data) == Label("示例公司", content_id)
            assert found["metadata"]["content_producer"] == "示例公司"
            assert found["metadata"]["produce_id"] == content_id


def test_json_bytes_and_both_kinds_of_stream_have_the_same_audio(make_client: MakeClient) -> None:
    client = make_client(marking="full")
    whole = audio.pcm(
        base64.b64decode(client.post("/api/clone", json=body()).json()["result_audio"])
    )
    accept = {"Accept": "audio/wav"}
    answers = {
        "bytes": client.post("/api/clone", json=body(), headers=accept),
        "stream": client.post("/api/clone/stream", json=body(), headers=accept),
        "lines": client.post("/api/clone/stream", json=body()),
    }
    assert {answer.headers[HEADER] for answer in answers.values()} == {"true"}
    lines = [json.loads(line) for line in answers["lines"].text.splitlines()]
    assert lines[0]["lines"] == len(lines) - 2 > 1
    joined = b"".join(base64.b64decode(line["audio"]) for line in lines[1:-1])
    assert lines[-2]["progress"] == 1.0
    results = [audio.pcm(answers["bytes"].content), audio.pcm(answers["stream"].content)]
    for found in (*results, np.frombuffer(joined, "<i2")):
        assert len(found) == len(whole)
        assert np.abs(found.astype(int) - whole).max() <= 1


def test_what_is_no_result_is_not_said_to_be_generated(make_client: MakeClient) -> None:
    client = make_client(marking="full")
    tone = client.post("/api/tone", json={"audio": audio.text(SPEECH)})
    failed = client.post("/api/clone", json={})
    assert HEADER not in tone.headers and HEADER not in failed.headers
    assert HEADER not in client.get("/api/info").headers


@pytest.mark.parametrize("mode", ["full", "metadata", "none"])
def test_the_state_is_told(make_client: MakeClient, mode: Marking) -> None:
    client = make_client(marking=mode)
    assert client.get("/api/info").json()["marking"] == mode
    client.post("/api/clone", json=body())
    mark = {"full": "watermark", "metadata": "label", "none": "none"}[mode]
    seconds = audio.pcm(
        base64.b64decode(client.post("/api/clone", json=body()).json()["result_audio"])
    )
    line = next(
        line
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("openvoice_result_seconds_total")
    )
    label, _, value = line.partition("} ")
    assert label.endswith(f'mark="{mark}"')
    assert float(value) == pytest.approx(2 * len(seconds) / 22050)


def test_raw_samples_are_marked_by_the_watermark_alone(make_client: MakeClient) -> None:
    client = make_client(marking="full")
    answer = client.post("/api/clone", json=body(format="pcm"), headers={"Accept": "audio/*"})
    assert answer.headers[HEADER] == "true"
    found = verify(client, audio.encoded(np.frombuffer(answer.content, "<i2"), 22050))
    assert found["watermark"]["present"] and found["metadata"] is None


@pytest.mark.parametrize("mode", ["full", "none"])
def test_a_live_session_says_it_once(make_client: MakeClient, mode: Marking) -> None:
    client = make_client(marking=mode)
    with client.websocket_connect("/api/clone/live") as socket:
        socket.send_json({"target_audio": audio.text(SPEECH)})
        assert socket.receive_json()["ai_generated"] == (mode == "full")
        headers: list[tuple[bytes, bytes]] = list(socket.extra_headers or ())
        names = {name for name, _ in headers}
        assert (HEADER.encode() in names) == (mode == "full")


def test_speech_is_not_marked_and_a_form_is_read(make_client: MakeClient) -> None:
    client = make_client()
    answer = client.post("/api/verify", files={"audio": ("a.flac", SPEECH)})
    assert answer.status_code == 200
    document = answer.json()
    assert list(document) == ["success", "seconds", "watermark", "metadata"]
    assert document["watermark"]["present"] is False and document["watermark"]["stretches"] == []
    assert document["metadata"] is None and document["seconds"] == pytest.approx(6.9, abs=0.05)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "missing_field"),
        ({"audio": 1}, "invalid_field"),
        ({"audio": "?"}, "invalid_base64"),
        ({"audio": base64.b64encode(b"no audio").decode()}, "undecodable_audio"),
        ({"audio": audio.text(audio.encoded(np.zeros(0, np.float32)))}, "audio_too_short"),
        ({"audio": audio.text(audio.encoded(np.zeros(12 * 22050, np.float32)))}, "audio_too_long"),
    ],
)
def test_what_cannot_be_read_is_refused(
    make_client: MakeClient, fields: dict[str, Any], code: str
) -> None:
    client = make_client(Settings(source_seconds=10))
    assert client.post("/api/verify", json=fields).json()["error"]["code"] == code


def test_a_producer_that_no_label_can_name_stops_the_server() -> None:
    from runtime.errors import InvalidOption
    from server.inference.marking import Marking as ResultMarking

    for text in ("x" * 201, "two\nlines"):
        with pytest.raises(InvalidOption):
            ResultMarking.load(Settings(producer=text), 22050)
