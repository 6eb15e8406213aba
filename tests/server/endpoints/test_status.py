from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from server.endpoints import status
from server.settings import LIMITS, Settings
from tests.server.conftest import MakeClient
from tests.server.fakes import MANIFEST


def test_health_is_the_contract_s(client: TestClient) -> None:
    answer = client.get("/api/health")
    assert answer.json() == {
        "status": "ok",
        "message": "OpenVoice API is running",
        "sample_rate": 22050,
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


def test_info_begins_with_the_contract_s_six_fields(client: TestClient) -> None:
    info = client.get("/api/info").json()
    assert list(info.items())[:6] == [
        ("model", "OpenVoice Tone Clone"),
        ("version", "v2"),
        ("sample_rate", 22050),
        ("target_length", 1024),
        ("tone_dimension", 256),
        ("supported_formats", ["wav", "mp3", "flac", "ogg", "m4a", "aac", "webm", "mp4"]),
    ]


def test_formats_are_listed_only_where_they_work(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "is_available", lambda: False)
    info = client.get("/api/info").json()
    assert info["supported_formats"] == ["wav", "mp3", "flac", "ogg"]
    assert info["output_formats"] == ["wav", "flac", "mp3", "ogg", "pcm"]


def test_info_says_what_is_loaded_and_the_limits(make_client: MakeClient) -> None:
    settings = Settings(source_seconds=42.0, waiting_requests=3)
    info = make_client(settings).get("/api/info").json()
    assert info["variant"] == MANIFEST.variant
    assert info["graphs"] == dict(MANIFEST.files)
    assert info["providers"] == ["CPUExecutionProvider"]
    assert info["real_time_factor"] >= 0
    assert LIMITS.keys() < info["limits"].keys()
    assert (info["limits"]["source_seconds"], info["limits"]["waiting_requests"]) == (42.0, 3)
    assert info["limits"]["target_advice_seconds"] == [2, 10]


def test_liveness_and_readiness(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
