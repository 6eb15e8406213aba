from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from server.middleware.api_key import needs_key
from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient

KEY = "geheim-秘密"
OPEN = ("/api/health", "/livez", "/readyz", "/", "/openapi.json", "/static/openvoice.js")
GUARDED = ("/api/info", "/metrics")


@pytest.fixture
def guarded(make_client: MakeClient) -> TestClient:
    return make_client(Settings(api_key=KEY))


def bearer(key: str, scheme: str = "Bearer") -> dict[bytes, bytes]:
    return {b"Authorization": f"{scheme} {key}".encode()}


@pytest.mark.parametrize("path", OPEN)
def test_what_needs_no_key(guarded: TestClient, path: str) -> None:
    assert not needs_key(path)
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize("path", GUARDED)
def test_what_needs_the_key(guarded: TestClient, path: str) -> None:
    refused = guarded.get(path)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"] == {"code": "unauthorized"}
    assert guarded.get(path, headers=bearer(KEY)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer(KEY[:-1]),
        bearer(""),
        bearer(KEY, "Basic"),
        {b"Authorization": b"\xff\xfe"},
    ],
)
@pytest.mark.parametrize("path", ["/api/clone", "/api/clone/stream", "/api/tone"])
def test_work_needs_the_key(guarded: TestClient, path: str, headers: dict[bytes, bytes]) -> None:
    assert guarded.post(path, json={}, headers=headers).status_code == 401


def test_the_right_key_works(guarded: TestClient) -> None:
    clip = audio.text(audio.clip(1.0))
    fields = {"target_audio": clip, "source_audio": clip}
    for scheme in ("Bearer", "bearer"):
        answer = guarded.post("/api/clone", json=fields, headers=bearer(KEY, scheme))
        assert answer.status_code == 200


def test_info_says_whether_a_key_is_needed(client: TestClient, guarded: TestClient) -> None:
    assert client.get("/api/info").json()["api_key_required"] is False
    info = guarded.get("/api/info", headers=bearer(KEY))
    assert info.json()["api_key_required"] is True
    assert KEY not in info.text


def test_elevenlabs_paths_need_the_key_too(guarded: TestClient) -> None:
    assert needs_key("/v1/voices")
    assert guarded.get("/v1/voices").status_code == 401
    assert guarded.get("/v1/voices", headers={"xi-api-key": "wrong"}).status_code == 401
    for path in (*GUARDED, "/v1/voices"):
        answer = guarded.get(path, headers={b"xi-api-key": KEY.encode()})
        assert answer.status_code == (404 if path == "/v1/voices" else 200)
