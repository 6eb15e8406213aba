from __future__ import annotations

from starlette.testclient import TestClient

from server.middleware.default_headers import DEFAULT_HEADERS


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/livez", "/nothing", "/api/info"):
        answer = client.get(path)
        assert {name: answer.headers[name] for name in DEFAULT_HEADERS} == DEFAULT_HEADERS
