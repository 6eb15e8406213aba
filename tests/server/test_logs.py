from __future__ import annotations

import json
import logging
import sys

import pytest
from starlette.testclient import TestClient

from server import logs
from server.logs import REQUEST_ID, JsonFormatter
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import FakeEngine


def line(message: str = "hello %s", **extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "a.b", "levelno": 30, "levelname": "WARNING", "msg": message, "args": ("you",)}
        | extra
    )
    text = JsonFormatter().format(record)
    assert "\n" not in text
    document: dict[str, object] = json.loads(text)
    return document


def test_a_line_is_an_object() -> None:
    found = line(count=3, 名="值")
    assert found.pop("time")
    assert found == {
        "level": "warning",
        "logger": "a.b",
        "message": "hello you",
        "count": 3,
        "名": "值",
    }


def test_the_request_s_id_is_in_it() -> None:
    token = REQUEST_ID.set("abc")
    assert line()["request_id"] == "abc"
    REQUEST_ID.reset(token)
    assert "request_id" not in line()


def test_a_traceback_is_one_field() -> None:
    try:
        raise ValueError("inner")
    except ValueError:
        found = line(exc_info=sys.exc_info())
    assert "ValueError: inner" in str(found["traceback"])


def test_configure_takes_every_logger(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    level = root.level
    logs.configure("warning")
    try:
        logging.getLogger("any.library").info("not shown")
        logging.getLogger("any.library").warning("shown")
    finally:
        root.setLevel(level)
    assert json.loads(capsys.readouterr().err)["message"] == "shown"


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


def test_an_internal_error_is_in_the_log_by_its_id(
    client: TestClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.fail_at_window = 0
    clip = audio.text(audio.clip(1.0))
    answer = client.post("/api/clone", json={"target_audio": clip, "source_audio": clip})
    assert answer.status_code == 500
    document = answer.json()
    assert document["error"] == {"code": "internal"}
    assert document["request_id"] in document["message"] or document["request_id"]
    assert "secret" not in answer.text
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [JsonFormatter().format(e).count("/secret/path") > 0 for e in errors] == [True]


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", '"'])
def test_an_odd_request_id_is_replaced(make_client: MakeClient, given: str) -> None:
    answer = make_client().get("/livez", headers={b"X-Request-ID": given.encode()})
    assert len(answer.headers["x-request-id"]) == 32
