from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from server.telemetry.logs import JsonFormatter
from tests.server import audio
from tests.server.fakes import FakeEngine


def test_an_internal_error_is_in_the_log_by_its_id(
    client: TestClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.fail_at_window = 0
    clip = audio.text(audio.clip(1.0))
    answer = client.post("/api/clone", json={"target_audio": clip, "source_audio": clip})
    assert answer.status_code == 500
    document = answer.json()
    assert document["error"] == {"code": "internal"}
    assert document["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [JsonFormatter().format(e).count("/secret/path") > 0 for e in errors] == [True]
