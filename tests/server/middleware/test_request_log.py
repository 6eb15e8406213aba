from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from server.telemetry.logs import JsonFormatter
from tests.server import audio
from tests.server.conftest import MakeClient


def test_each_request_is_a_line_without_its_content(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    clip = audio.text(audio.clip(1.0))
    fields = {"target_audio": clip, "source_audio": clip, "tau": 0.123}
    headers = {"Authorization": "Bearer hush", "X-Request-ID": "my-id.1"}
    with caplog.at_level("INFO"):
        answer = client.post("/api/clone?secret=hush", json=fields, headers=headers)
    assert answer.headers["x-request-id"] == "my-id.1"
    (record,) = (r for r in caplog.records if r.getMessage() == "request")
    shown = vars(record)
    assert (shown["method"], shown["path"], shown["status"]) == ("POST", "/api/clone", 200)
    assert (shown["outcome"], shown["audio_out_seconds"]) == ("ok", 1.0)
    assert {"upload", "parse", "convert"} < shown["stages"].keys()
    ours = [each for each in caplog.records if not each.name.startswith("httpx")]
    assert ours
    for each in ours:
        text = JsonFormatter().format(each)
        assert "hush" not in text
        assert clip[:40] not in text


def test_every_answer_has_an_id(client: TestClient) -> None:
    for path in ("/livez", "/nothing", "/api/info"):
        assert len(client.get(path).headers["x-request-id"]) == 32


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", '"'])
def test_an_odd_request_id_is_replaced(make_client: MakeClient, given: str) -> None:
    answer = make_client().get("/livez", headers={b"X-Request-ID": given.encode()})
    assert len(answer.headers["x-request-id"]) == 32
