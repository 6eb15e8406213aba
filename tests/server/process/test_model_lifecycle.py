from __future__ import annotations

import threading

import pytest
from starlette.testclient import TestClient

from runtime.errors import InvalidBundle
from server.app import ServerParts, create_app
from server.inference.engine import Engine
from server.process.model_loader import ModelLoader
from server.settings import Settings
from tests.server.fakes import FakeEngine
from tests.server.live import wait_until


def test_while_it_loads_work_is_answered_503(engine: FakeEngine) -> None:
    release = threading.Event()

    def load() -> Engine:
        assert release.wait(20)
        return engine

    parts = ServerParts.create(Settings(), ModelLoader(load))
    with TestClient(create_app(parts)) as client:
        try:
            for method, path in (
                ("GET", "/readyz"),
                ("GET", "/api/health"),
                ("GET", "/api/info"),
                ("POST", "/api/clone"),
                ("POST", "/api/clone/stream"),
                ("POST", "/api/tone"),
            ):
                answer = client.request(method, path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
                assert int(answer.headers["retry-after"]) > 0
            for path in ("/livez", "/", "/metrics", "/openapi.json"):
                assert client.get(path).status_code == 200
        finally:
            release.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert engine.warmed_up
        assert client.get("/api/health").status_code == 200


def test_while_it_drains_work_is_answered_503(engine: FakeEngine) -> None:
    parts = ServerParts.create(Settings(), ModelLoader(lambda: engine))
    with TestClient(create_app(parts)) as client:
        wait_until(lambda: parts.lifecycle.ready)
        parts.lifecycle.drain()
        assert client.get("/readyz").status_code == 503
        assert client.post("/api/clone", json={}).status_code == 503
        for path in ("/livez", "/api/health", "/api/info", "/metrics"):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize("error", [InvalidBundle("folder", "no manifest"), OSError("no disk")])
def test_a_failure_to_load_is_kept(error: Exception) -> None:
    def load() -> Engine:
        raise error

    parts = ServerParts.create(Settings(), ModelLoader(load))
    with TestClient(create_app(parts)) as client:
        wait_until(lambda: parts.lifecycle.failure is not None)
        assert parts.lifecycle.failure is error
        assert client.get("/readyz").status_code == 503


def test_requests_in_hand_are_counted(engine: FakeEngine) -> None:
    lifecycle = ServerParts.create(Settings(), ModelLoader(lambda: engine)).lifecycle
    with lifecycle.hold_request(), lifecycle.hold_request():
        assert lifecycle.requests_in_hand == 2
    assert lifecycle.requests_in_hand == 0
