from __future__ import annotations

import string
from typing import get_args

import pytest

from runtime.errors import (
    AudioError,
    AudioTooLong,
    AudioTooShort,
    SilentAudio,
    UndecodableAudio,
    UndecodableReason,
)
from server.messages.errors import ERRORS, ApiError, Language, Texts

CONTRACT = {
    400: {"invalid_json"},
    401: {"unauthorized"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    408: {"upload_timeout"},
    413: {"body_too_large", "audio_too_long"},
    415: {"unsupported_media_type"},
    422: {
        "missing_field",
        "invalid_field",
        "invalid_base64",
        "undecodable_audio",
        "audio_too_short",
        "silent_audio",
        "tone_model_mismatch",
    },
    429: {"overloaded"},
    503: {"not_ready"},
    504: {"deadline_exceeded"},
    500: {"internal"},
}


def test_the_table_is_the_contract_s_and_one_more() -> None:
    wanted = {code: status for status, codes in CONTRACT.items() for code in codes}
    assert {code: row.status for code, row in ERRORS.items()} == wanted | {"invalid_multipart": 400}


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("language", get_args(Language))
def test_every_message_can_be_made_from_its_facts(code: str, language: Language) -> None:
    row = ERRORS[code]
    values = {name: 3 if kind != "string" else "x" for name, kind in row.facts.items()}
    detail: Texts = {"zh": "数字", "en": "a number"}
    error = ApiError(code, param="tau", detail=detail, facts=values)
    message = error.message(language)
    assert message
    assert "{" not in message
    named = {name for _, name, _, _ in string.Formatter().parse(row.texts[language]) if name}
    assert named <= {"param", "detail", *row.facts}


def test_messages_are_chinese_and_english() -> None:
    for row in ERRORS.values():
        assert any("\u4e00" <= character <= "\u9fff" for character in row.texts["zh"])
        assert row.texts["en"].isascii()


@pytest.mark.parametrize(
    "error",
    [AudioTooShort(0.2, 0.5), AudioTooShort(0.0, 0.0), AudioTooLong(None, 600), SilentAudio()],
)
def test_errors_of_the_runtime_keep_code_and_facts(error: AudioError) -> None:
    body = ApiError.from_runtime(error, "source_audio", {"index": 1}).body("zh", "id")
    assert body["error"] == {
        "code": error.code,
        "param": "source_audio",
        **error.facts,
        "index": 1,
    }
    assert body["success"] is False
    assert body["request_id"] == "id"


@pytest.mark.parametrize("reason", get_args(UndecodableReason))
def test_every_reason_of_undecodable_audio_has_words(reason: UndecodableReason) -> None:
    facts = {"sample_rate": {"sample_rate_hz": 1}, "channels": {"channels": 9}}.get(reason, {})
    error = ApiError.from_runtime(UndecodableAudio(reason, **facts), "audio", {})
    assert error.message("zh") != error.message("en")
    assert error.body("en", "")["error"]["reason"] == reason


def test_retry_carries_its_header() -> None:
    error = ApiError.retry("overloaded", 9)
    assert error.headers == {"Retry-After": "9"}
    assert error.facts == {"retry_after_seconds": 9}
