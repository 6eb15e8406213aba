from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from server.messages.answers import Health
from server.messages.error import ApiError
from server.messages.errors import AudioTooShort, BodyTooLarge
from tests.server.answer_check import AnswerCheck, check_answer

HEALTH = Health(status="ok", message="OpenVoice API is running", sample_rate=1).to_builtins()
SHORT = ApiError(AudioTooShort(param="source_audio", seconds=0.1, minimum_seconds=0.5))
KIND = "application/json"


def check(path: str, method: str, status: int, value: Any) -> bool:
    return check_answer(path, method, status, KIND, json.dumps(value).encode())


def test_declared_answers_fit() -> None:
    assert check("/api/health", "GET", 200, HEALTH)
    assert check("/api/clone", "POST", 422, SHORT.answer("en", "id").to_builtins("en"))
    assert not check_answer("/samples/samples.json", "GET", 200, KIND, b"[]")


@pytest.mark.parametrize(
    "value",
    [
        HEALTH | {"more": 1},
        {"status": "ok"},
        HEALTH | {"sample_rate": "1"},
        HEALTH | {"message": "something else"},
    ],
)
def test_other_answers_do_not(value: Any) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check("/api/health", "GET", 200, value)


def test_an_error_may_hold_only_its_own_facts() -> None:
    answer = SHORT.answer("en", "id").to_builtins("en")
    answer["error"]["channels"] = 2
    with pytest.raises(jsonschema_rs.ValidationError):
        check("/api/clone", "POST", 422, answer)


def test_an_error_that_the_address_does_not_declare() -> None:
    answer = ApiError(BodyTooLarge(limit_bytes=1)).answer("en", "id").to_builtins("en")
    with pytest.raises(KeyError):
        check("/api/health", "GET", 413, answer)


async def test_the_middleware_keeps_what_is_wrong() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", KIND.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status":', "more_body": True})
        await send({"type": "http.response.body", "body": b' "ok"}'})

    async def nothing(*_: Any) -> Any:
        return None

    check = AnswerCheck(app)
    await check({"type": "http", "method": "GET", "path": "/api/health"}, nothing, nothing)
    assert check.checked == 0
    (violation,) = check.violations
    assert violation.startswith("GET /api/health 200")
