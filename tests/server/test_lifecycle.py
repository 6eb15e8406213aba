from __future__ import annotations

import threading

import pytest
from starlette.testclient import TestClient

from runtime.errors import InvalidBundle
from server.app import create_app
from server.engine import Engine
from server.service import Service
from server.settings import Settings
from tests.server.fakes import FakeEngine
from tests.server.live import wait_until


def test_while_it_loads_work_is_answered_503(engine: FakeEngine) -> None:
    release = threading.Event()

    def load() -> Engine:
        assert release.wait(20)
        return engine

    service = Service.create(Settings(), load)
    with TestClient(create_app(service)) as client:
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
    service = Service.create(Settings(), lambda: engine)
    with TestClient(create_app(service)) as client:
        wait_until(lambda: service.lifecycle.ready)
        service.lifecycle.drain()
        assert client.get("/readyz").status_code == 503
        assert client.post("/api/clone", json={}).status_code == 503
        for path in ("/livez", "/api/health", "/api/info", "/metrics"):
            assert client.get(path).status_code == 200


@pytest.mark.parametrize("error", [InvalidBundle("folder", "no manifest"), OSError("no disk")])
def test_a_failure_to_load_is_kept(error: Exception) -> None:
    def load() -> Engine:
        raise error

    service = Service.create(Settings(), load)
    with TestClient(create_app(service)) as client:
        wait_until(lambda: service.lifecycle.failure is not None)
        assert service.lifecycle.failure is error
        assert client.get("/readyz").status_code == 503


def test_requests_in_hand_are_counted(engine: FakeEngine) -> None:
    lifecycle = Service.create(Settings(), lambda: engine).lifecycle
    with lifecycle.hand(), lifecycle.hand():
        assert lifecycle.in_hand == 2
    assert lifecycle.in_hand == 0
