"""/api/voices, and stored voices as targets, on each kind of database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import MANIFEST, FakeEngine

LOW, HIGH = audio.clip(1.0, 120.0), audio.clip(3.0, 240.0)
SOURCE = audio.text(audio.clip(1.0, 180.0))
Opener = Callable[..., TestClient]


@pytest.fixture
def open_client(make_client: MakeClient, voices_address: str) -> Opener:
    """Give a function that makes a client of a server with stored voices."""

    def opens(engine: FakeEngine | None = None, **settings: Any) -> TestClient:
        found = Settings(voices=voices_address, **settings)
        return make_client(found) if engine is None else make_client(found, engine)

    return opens


@pytest.fixture
def client(open_client: Opener) -> TestClient:
    return open_client()


def other_model(model_id: str = "ba9876543210") -> FakeEngine:
    engine = FakeEngine()
    engine.manifest = dataclasses.replace(MANIFEST, model_id=model_id)
    return engine


def add(client: TestClient, name: str, clip: bytes = LOW, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/voices", json={"name": name, "audio": audio.text(clip), **fields})
    assert answer.status_code == 201, answer.text
    voice: dict[str, Any] = answer.json()["voice"]
    return voice


def target_of(client: TestClient, engine: FakeEngine, **target: Any) -> Any:
    """Return the tone that a clone with a target converts to."""
    answer = client.post("/api/clone", json={**target, "source_audio": SOURCE})
    assert answer.status_code == 200, answer.text
    assert engine.tones is not None
    return engine.tones[1]


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_the_life_of_a_voice(client: TestClient) -> None:
    voice = add(client, "anna")
    assert voice["created"].endswith("Z")
    assert voice == {
        "name": "anna",
        "seconds": 1.0,
        "clips": 1,
        "created": voice["created"],
        "model_id": "0123456789ab",
        "warnings": ["short"],
        "has_audio": False,
    }
    assert client.get("/api/voices/anna").json() == {"success": True, "voice": voice}
    listed = {"success": True, "voices": [voice], "next": None}
    assert client.get("/api/voices").json() == listed
    assert client.delete("/api/voices/anna").json() == {"success": True, "name": "anna"}
    gone = client.get("/api/voices/anna")
    assert refused(gone, 404, "voice_not_found") == {
        "code": "voice_not_found",
        "param": "name",
        "voice": "anna",
    }
    refused(client.delete("/api/voices/anna"), 404, "voice_not_found")


def test_a_stored_voice_is_the_same_target_as_its_audio(
    client: TestClient, engine: FakeEngine
) -> None:
    add(client, "low", LOW)
    add(client, "both", audio=[audio.text(LOW), audio.text(HIGH)])
    tone = client.post("/api/tone", json={"audio": audio.text(HIGH)}).json()["tone"]
    answer = client.post("/api/voices", json={"name": "high", "tone": tone})
    assert answer.json()["voice"]["seconds"] is None
    for name, clips in (("low", [LOW]), ("high", [HIGH]), ("both", [LOW, HIGH])):
        direct = target_of(client, engine, target_audio=[audio.text(clip) for clip in clips])
        np.testing.assert_array_equal(target_of(client, engine, target_voice=name), direct)


def test_a_mix_is_weighted(client: TestClient, engine: FakeEngine) -> None:
    add(client, "a", LOW)
    add(client, "b", audio.encoded(0.1 * audio.speech(1.0)))
    a, b = (target_of(client, engine, target_voice=name) for name in "ab")
    assert not np.allclose(a, b)
    for weights in ({"a": 0.7, "b": 0.3}, {"a": 0.21, "b": 0.09}):
        mixed = target_of(client, engine, target_voice=weights)
        np.testing.assert_allclose(mixed, 0.7 * a + 0.3 * b, rtol=1e-6)
    np.testing.assert_array_equal(target_of(client, engine, target_voice={"a": 1, "b": 0}), a)


def test_forms_name_voices_too(client: TestClient, engine: FakeEngine) -> None:
    fields = {"name": "anna", "keep_audio": "true"}
    answer = client.post("/api/voices", data=fields, files=[("audio", LOW), ("audio", HIGH)])
    assert answer.status_code == 201
    assert answer.json()["voice"]["has_audio"] is True
    assert answer.json()["voice"]["clips"] == 2
    for target in ("anna", '{"anna": 0.5}'):
        answer = client.post(
            "/api/clone", data={"target_voice": target}, files={"source_audio": LOW}
        )
        assert answer.status_code == 200
    for wrong in ("{", "[1]", '{"anna": NaN}', "a b"):
        answer = client.post(
            "/api/clone", data={"target_voice": wrong}, files={"source_audio": LOW}
        )
        assert refused(answer, 422, "invalid_field")["param"] == "target_voice"


def test_the_stream_and_live_sessions_take_stored_voices(
    client: TestClient, engine: FakeEngine
) -> None:
    add(client, "anna")
    direct = target_of(client, engine, target_audio=audio.text(LOW))
    fields = {"target_voice": "anna", "source_audio": SOURCE}
    streamed = client.post("/api/clone/stream", json=fields)
    assert json.loads(streamed.text.splitlines()[-1])["success"] is True
    np.testing.assert_array_equal(engine.tones[1] if engine.tones else None, direct)
    engine.tones = None
    with client.websocket_connect("/api/clone/live") as socket:
        socket.send_json({"target_voice": {"anna": 1}})
        assert socket.receive_json()["type"] == "ready"
        np.testing.assert_array_equal(engine.tones[1] if engine.tones else None, direct)
        socket.send_json({"type": "end"})
        assert socket.receive_json()["type"] == "done"
    with client.websocket_connect("/api/clone/live") as socket:
        socket.send_json({"target_voice": "ben"})
        assert socket.receive_json()["error"]["code"] == "voice_not_found"


def test_names_of_any_script_and_spelling(client: TestClient, engine: FakeEngine) -> None:
    for name in ("王小明", "e\u0301", "a.b-c_9"):
        add(client, name)
    listed = [voice["name"] for voice in client.get("/api/voices").json()["voices"]]
    assert listed == ["a.b-c_9", "é", "王小明"]
    for name in (*listed, "e\u0301"):
        assert client.get(f"/api/voices/{name}").status_code == 200
        target_of(client, engine, target_voice=name)
    for name in ("a b", "%00", "😀", "x" * 65, "%2e%2e%2e"):
        refused(client.get(f"/api/voices/{name}"), 404, "voice_not_found")


def test_pages(client: TestClient) -> None:
    tone = client.post("/api/tone", json={"audio": audio.text(LOW)}).json()["tone"]
    names = [f"v{i}" for i in range(7)]
    for name in names:
        client.post("/api/voices", json={"name": name, "tone": tone})
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = client.get("/api/voices", params={"after": after, "limit": 3}).json()
        found += [voice["name"] for voice in page["voices"]]
        after = page["next"]
    assert found == names
    for limit in ("0", "1001", "x", "-1", "1.5", "9" * 5000, "", "１"):
        answer = client.get("/api/voices", params={"limit": limit})
        assert refused(answer, 422, "invalid_field")["param"] == "limit"
    answer = client.get("/api/voices", params={"after": "a b"})
    assert refused(answer, 422, "invalid_field")["param"] == "after"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"name": None}, "missing_field", "name"),
        ({"name": "a b"}, "invalid_field", "name"),
        ({"name": ".."}, "invalid_field", "name"),
        ({"name": 3}, "invalid_field", "name"),
        ({"audio": None}, "missing_field", "audio"),
        ({"audio": []}, "invalid_field", "audio"),
        ({"audio": "!!"}, "invalid_base64", "audio"),
        ({"audio": "AAAA"}, "undecodable_audio", "audio"),
        ({"tone": "x:y"}, "invalid_field", "tone"),
        ({"audio": None, "tone": "other:AAAA"}, "tone_model_mismatch", "tone"),
        ({"audio": None, "tone": "none"}, "invalid_field", "tone"),
        ({"keep_audio": 1}, "invalid_field", "keep_audio"),
        ({"keep_audio": "true"}, "invalid_field", "keep_audio"),
    ],
)
def test_bad_voices(client: TestClient, fields: dict[str, Any], code: str, param: str) -> None:
    answer = client.post("/api/voices", json={"name": "a", "audio": audio.text(LOW), **fields})
    assert refused(answer, 422, code)["param"] == param
    assert client.get("/api/voices").json()["voices"] == []


def test_there_is_no_audio_to_keep_of_a_tone(client: TestClient) -> None:
    tone = client.post("/api/tone", json={"audio": audio.text(LOW)}).json()["tone"]
    answer = client.post("/api/voices", json={"name": "a", "tone": tone, "keep_audio": True})
    assert refused(answer, 422, "invalid_field")["param"] == "keep_audio"


@pytest.mark.parametrize(
    "target", ["a b", "", 3, [], {}, {"a": 0}, {"a": 2}, {"a": "1"}, {"a": True}]
)
def test_bad_targets(client: TestClient, target: Any) -> None:
    answer = client.post("/api/clone", json={"target_voice": target, "source_audio": SOURCE})
    assert refused(answer, 422, "invalid_field")["param"] == "target_voice"


def test_one_kind_of_target_at_a_time(client: TestClient) -> None:
    fields = {"target_voice": "a", "target_audio": audio.text(LOW), "source_audio": SOURCE}
    answer = client.post("/api/clone", json=fields)
    assert refused(answer, 422, "invalid_field")["param"] == "target_voice"


def test_an_unknown_target_is_named(client: TestClient) -> None:
    add(client, "anna")
    fields = {"target_voice": {"anna": 0.5, "ben": 0.5}, "source_audio": SOURCE}
    error = refused(client.post("/api/clone", json=fields), 404, "voice_not_found")
    assert (error["param"], error["voice"]) == ("target_voice", "ben")


def test_taken_names_and_a_full_store_are_refused_before_any_work(
    open_client: Opener, engine: FakeEngine
) -> None:
    client = open_client(voices_maximum=1)
    add(client, "anna")
    steps = engine.tone_steps
    fresh = audio.text(audio.clip(1.0, 99.0))
    answer = client.post("/api/voices", json={"name": "anna", "audio": fresh})
    assert refused(answer, 409, "voice_exists")["param"] == "name"
    answer = client.post("/api/voices", json={"name": "ben", "audio": fresh})
    assert refused(answer, 409, "voices_full")["maximum"] == 1
    assert engine.tone_steps == steps
    client.delete("/api/voices/anna")
    add(client, "ben")


def test_kept_audio_follows_a_change_of_model(open_client: Opener) -> None:
    before = open_client()
    add(before, "kept", audio=[audio.text(LOW), audio.text(HIGH)], keep_audio=True)
    add(before, "not-kept", LOW)
    engine = other_model()
    after = open_client(engine)
    fields = {"target_voice": "not-kept", "source_audio": SOURCE}
    error = refused(after.post("/api/clone", json=fields), 422, "tone_model_mismatch")
    assert error["param"] == "target_voice"
    assert after.get("/api/voices/kept").json()["voice"]["model_id"] == "0123456789ab"
    direct = target_of(after, engine, target_audio=[audio.text(LOW), audio.text(HIGH)])
    np.testing.assert_array_equal(target_of(after, engine, target_voice="kept"), direct)
    assert after.get("/api/voices/kept").json()["voice"]["model_id"] == "ba9876543210"
    assert before.get("/api/voices/kept").json()["voice"]["model_id"] == "0123456789ab"
    # A third server with the second's model finds the tone in the store.
    late = other_model()
    third = open_client(late)
    steps = late.tone_steps
    target_of(third, late, target_voice="kept")
    assert late.tone_steps == steps + 1  # the source's


def test_stored_audio_is_embedded_once_for_all_who_use_it(open_client: Opener) -> None:
    add(open_client(), "anna", keep_audio=True)
    engine = other_model()
    after = open_client(engine)
    steps = engine.tone_steps
    for _ in range(3):
        target_of(after, engine, target_voice="anna")
    assert engine.tone_steps == steps + 1 + 3
    lookups = after.get("/metrics").text
    assert 'openvoice_audio_seconds_total{direction="in"' in lookups


def test_audio_that_can_no_longer_be_used_says_so(open_client: Opener) -> None:
    add(open_client(), "anna", keep_audio=True)
    strict = open_client(other_model(), target_minimum_seconds=2.0)
    fields = {"target_voice": "anna", "source_audio": SOURCE}
    error = refused(strict.post("/api/clone", json=fields), 422, "audio_too_short")
    assert error["param"] == "target_voice"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/voices"),
        ("GET", "/api/voices/anna"),
        ("DELETE", "/api/voices/anna"),
        ("POST", "/api/voices"),
        ("POST", "/api/clone"),
    ],
)
def test_without_an_address_no_voices_are_stored(
    make_client: MakeClient, method: str, path: str
) -> None:
    fields = {"target_voice": "anna", "source_audio": SOURCE}
    if path == "/api/voices":
        fields = {"name": "anna", "audio": audio.text(LOW)}
    answer = make_client().request(method, path, json=fields)
    refused(answer, 404, "voices_disabled")


def test_an_outage_leaves_everything_else_alone(make_client: MakeClient) -> None:
    client = make_client(Settings(voices="/nowhere/voices.db", voices_wait_seconds=0.2))
    for answer in (
        client.get("/api/voices"),
        client.delete("/api/voices/anna"),
        client.post("/api/voices", json={"name": "anna", "audio": audio.text(LOW)}),
        client.post("/api/clone", json={"target_voice": "anna", "source_audio": SOURCE}),
    ):
        refused(answer, 503, "voices_unavailable")
        assert answer.headers["retry-after"] == "2"
    fields = {"target_audio": audio.text(LOW), "source_audio": SOURCE}
    assert client.post("/api/clone", json=fields).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_methods_of_one_address(client: TestClient) -> None:
    answer = client.put("/api/voices")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    answer = client.post("/api/voices/anna")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE"}
    assert client.head("/api/voices").status_code == 200
