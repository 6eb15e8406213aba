from __future__ import annotations

import json
import logging
import sys

import pytest

from server.telemetry import logs
from server.telemetry.logs import REQUEST_ID, JsonFormatter


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
