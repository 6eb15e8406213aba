"""Named API keys over HTTP and WebSockets: whose voices, whose allowance, whose name in the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from server.keys.key_file import digest
from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.telemetry.test_metrics import value

CLIP = audio.text(audio.clip(1.0))
CLONE = {"target_audio": CLIP, "source_audio": CLIP}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "keys"
    path.write_text(f"anna:{digest(b'one').hex()}\nben:{digest(b'two').hex()}\n", "utf-8")
    return Settings(api_key="single", api_keys=path, voices=str(tmp_path / "voices.db"))


def limited(settings: Settings, **limits: float) -> Settings:
    return Settings(api_key=settings.api_key, api_keys=settings.api_keys, **limits)  # type: ignore[arg-type]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def post(client: TestClient, key: str, path: str = "/api/clone", fields: Any = CLONE) -> Any:
    return client.post(path, json=fields, headers=bearer(key))


def test_every_key_of_the_file_and_the_single_one_work(
    make_client: MakeClient, settings: Settings
) -> None:
    client = make_client(settings)
    for key in ("single", "one", "two"):
        info = client.get("/api/info", headers=bearer(key))
        assert info.json()["api_key_required"] is True
    for key in ("three", "anna", digest(b"one").hex()):
        assert client.get("/api/info", headers=bearer(key)).status_code == 401
    secured = client.get("/openapi.json").json()["paths"]["/api/clone"]["post"]["security"]
    assert secured == [{"key": []}]


def test_a_key_that_is_taken_out_of_the_file_stops_working(
    make_client: MakeClient, settings: Settings
) -> None:
    client = make_client(settings)
    assert post(client, "two").status_code == 200
    assert settings.api_keys is not None
    settings.api_keys.write_text(f"anna:{digest(b'one').hex()}\n", "utf-8")
    assert post(client, "two").status_code == 401
    assert post(client, "one").status_code == 200


def test_voices_belong_to_the_key_that_made_them(
    make_client: MakeClient, settings: Settings
) -> None:
    client = make_client(settings)
    for key in ("one", "two", "single"):
        assert post(client, key, "/api/voices", {"name": "me", "audio": CLIP}).status_code == 201
    assert client.delete("/api/voices/me", headers=bearer("two")).status_code == 200
    assert client.get("/api/voices/me", headers=bearer("two")).status_code == 404
    assert client.delete("/api/voices/me", headers=bearer("two")).status_code == 404
    assert client.get("/api/voices", headers=bearer("two")).json()["voices"] == []
    fields = {"target_voice": "me", "source_audio": CLIP}
    assert post(client, "two", fields=fields).status_code == 404
    for key in ("one", "single"):
        assert client.get("/api/voices/me", headers=bearer(key)).status_code == 200
        assert post(client, key, fields=fields).status_code == 200
    for key, answer in (("one", "ready"), ("two", "error")):
        with client.websocket_connect("/api/clone/live", headers=bearer(key)) as socket:
            socket.send_json({"target_voice": "me"})
            assert socket.receive_json()["type"] == answer


def test_the_log_and_the_metrics_name_the_key(
    make_client: MakeClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(settings)
    with caplog.at_level(logging.INFO):
        post(client, "one")
        post(client, "single")
        post(client, "wrong")
    named = [vars(r).get("key") for r in caplog.records if r.getMessage() == "request"]
    assert named == ["anna", None, None]
    client.headers.update(bearer("two"))
    assert value(client, "openvoice_key_requests_total", key="anna", outcome="ok") == 1
    for direction, seconds in (("in", 2.0), ("out", 1.0)):
        labels = {"key": "anna", "direction": direction}
        assert value(client, "openvoice_key_audio_seconds_total", **labels) == seconds


def test_each_key_has_its_own_requests_a_minute(
    make_client: MakeClient, settings: Settings
) -> None:
    client = make_client(limited(settings, requests_per_minute=2))
    for key in ("one", "two", "single"):
        assert [post(client, key).status_code for _ in range(3)] == [200, 200, 429]
    refused = post(client, "one")
    error = refused.json()["error"]
    assert error.pop("retry_after_seconds") == int(refused.headers["retry-after"])
    assert error == {"code": "rate_limited", "limited": "requests", "per_minute": 2}
    for path in ("/api/info", "/metrics", "/api/health", "/"):
        assert client.get(path, headers=bearer("one")).status_code == 200
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/api/clone/live", headers=bearer("one")),
    ):
        pass


def test_without_keys_all_clients_share_the_allowance(make_client: MakeClient) -> None:
    client = make_client(Settings(requests_per_minute=1))
    assert client.post("/api/clone", json=CLONE).status_code == 200
    assert client.post("/api/tone", json={"audio": CLIP}).status_code == 429


def test_each_key_has_its_own_audio_a_minute(make_client: MakeClient, settings: Settings) -> None:
    client = make_client(limited(settings, audio_seconds_per_minute=1.5))
    assert post(client, "one").status_code == 200
    refused = post(client, "one")
    assert refused.json()["error"]["limited"] == "audio_seconds"
    assert refused.status_code == 429
    assert post(client, "two").status_code == 200


def test_audio_is_refused_before_it_is_converted(
    make_client: MakeClient, settings: Settings, engine: Any
) -> None:
    client = make_client(limited(settings, audio_seconds_per_minute=1.0))
    fields = {"target_audio": [CLIP, CLIP], "source_audio": CLIP}
    windows = engine.windows_done
    assert post(client, "one", fields=fields).status_code == 429
    assert engine.windows_done == windows


def test_live_audio_counts(make_client: MakeClient, settings: Settings) -> None:
    client = make_client(limited(settings, audio_seconds_per_minute=2.0))
    with client.websocket_connect("/api/clone/live", headers=bearer("one")) as socket:
        socket.send_json({"target_audio": CLIP})
        assert socket.receive_json()["type"] == "ready"
        for _ in range(2):
            socket.send_bytes(bytes(2 * 22050 * 2))
        while "text" not in (message := socket.receive()):
            assert message["type"] == "websocket.send"
        assert '"rate_limited"' in message["text"]
        assert socket.receive()["code"] == 1013
    assert post(client, "one").status_code == 429
    assert post(client, "two").status_code == 200
