from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient

CLIP = audio.text(audio.clip(1.0))


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/", "/api/clone/", "/api/clone/other", "/API/info"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_paths(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "not_found"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/clone", {"POST"}),
        ("PUT", "/api/clone/stream", {"POST"}),
        ("DELETE", "/api/tone", {"POST"}),
        ("POST", "/api/health", {"GET", "HEAD"}),
        ("PATCH", "/api/info", {"GET", "HEAD"}),
        ("POST", "/static/openvoice.js", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
        ("BREW", "/api/clone", {"POST"}),
    ],
)
def test_methods(client: TestClient, method: str, path: str, allowed: set[str]) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["error"] == {"code": "method_not_allowed"}
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed


def test_no_origin_may_call_by_default(client: TestClient) -> None:
    answer = client.get("/api/health", headers={"Origin": "https://page.test"})
    assert "access-control-allow-origin" not in answer.headers


def test_allowed_origins(make_client: MakeClient) -> None:
    client = make_client(Settings(allowed_origins=("https://page.test",), api_key="k"))
    origin = {"Origin": "https://page.test"}
    preflight = origin | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    asked = client.options("/api/clone", headers=preflight)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "https://page.test"
    fields = {"target_audio": CLIP, "source_audio": CLIP}
    for headers, status in ((origin | {"Authorization": "Bearer k"}, 200), (origin, 401)):
        answer = client.post("/api/clone", json=fields, headers=headers)
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "https://page.test"
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
    other = client.get("/api/health", headers={"Origin": "https://other.test"})
    assert "access-control-allow-origin" not in other.headers
