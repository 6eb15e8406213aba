from __future__ import annotations

import string
from typing import Any, get_args

import pytest
from msgspec import structs

from runtime.errors import (
    AudioError,
    AudioTooLong,
    AudioTooShort,
    SilentAudio,
    UndecodableAudio,
    UndecodableReason,
)
from runtime.limits import MAXIMUM_CHANNELS, MAXIMUM_SAMPLE_RATE_HZ, MINIMUM_SAMPLE_RATE_HZ
from server.messages.error import ApiError, ErrorDetail
from server.messages.errors import ERRORS, Internal, NotReady, Overloaded, from_runtime
from server.messages.live import start_was_due
from server.messages.message import Language
from server.openapi.answer_schema import example_of

CONTRACT = {
    400: {"invalid_json"},
    401: {"unauthorized"},
    404: {"not_found", "voice_not_found", "voices_disabled"},
    405: {"method_not_allowed"},
    408: {"upload_timeout"},
    409: {"voice_exists", "voices_full"},
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
    503: {"not_ready", "voices_unavailable"},
    504: {"deadline_exceeded"},
    500: {"internal"},
}


LANGUAGES = get_args(Language)


def subclasses(kind: type[Any]) -> set[type[Any]]:
    below = set(kind.__subclasses__())
    return below | {each for child in below for each in subclasses(child)}


OURS = {
    "invalid_multipart": 400,
    "unexpected_message": 400,
    "origin_not_allowed": 403,
    "rate_limited": 429,
}


def test_the_errors_are_the_contract_s_and_a_few_more() -> None:
    wanted = {code: status for status, codes in CONTRACT.items() for code in codes}
    assert {code: error.status for code, error in ERRORS.items()} == wanted | OURS


def test_every_error_that_is_declared_is_in_the_table() -> None:
    declared = {kind for kind in subclasses(ErrorDetail) if "message" in vars(kind)}
    assert declared == set(ERRORS.values())


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_made_from_its_facts(code: str, language: Language) -> None:
    kind = ERRORS[code]
    facts = {name: value for name, value in example_of(kind, language).items() if name != "code"}
    if code == "unexpected_message":
        error = start_was_due()
    else:
        error = ApiError(kind(**facts) if code != "invalid_field" else invalid_field())
    answer = error.answer(language, "id").to_builtins(language)
    assert "{" not in answer["message"]
    assert answer["error"]["code"] == code
    if language == "en":
        assert answer["message"].isascii()
    else:
        assert any("\u4e00" <= character <= "\u9fff" for character in answer["message"])
    named = {name for _, name, _, _ in string.Formatter().parse(kind.message.to(language)) if name}
    assert named - {"why"} <= {field.name for field in structs.fields(kind)}


def invalid_field() -> ErrorDetail:
    from server.messages.requests import CloneRequest, fields_of

    return fields_of(CloneRequest)[0].invalid().detail


@pytest.mark.parametrize(
    "error",
    [AudioTooShort(0.2, 0.5), AudioTooShort(0.0, 0.0), AudioTooLong(None, 600), SilentAudio()],
)
def test_errors_of_the_runtime_keep_code_and_facts(error: AudioError) -> None:
    answer = from_runtime(error, "source_audio", 1).answer("zh", "id").to_builtins("zh")
    assert answer["error"] == {
        "code": error.code,
        "param": "source_audio",
        **error.facts,
        "index": 1,
    }
    assert answer["success"] is False
    assert answer["request_id"] == "id"


@pytest.mark.parametrize("reason", get_args(UndecodableReason))
def test_every_reason_of_undecodable_audio_has_words(reason: UndecodableReason) -> None:
    facts = {"sample_rate": {"sample_rate_hz": 1}, "channels": {"channels": 9}}.get(reason, {})
    error = from_runtime(UndecodableAudio(reason, **facts), "audio", None)
    chinese, english = (error.answer(language, "").to_builtins(language) for language in LANGUAGES)
    assert chinese["message"] != english["message"]
    assert english["error"] == {
        "code": "undecodable_audio",
        "param": "audio",
        "reason": reason,
        **facts,
    }


def test_the_bounds_of_audio_are_the_runtime_s() -> None:
    bounds = f"{MINIMUM_SAMPLE_RATE_HZ // 1000} to {MAXIMUM_SAMPLE_RATE_HZ // 1000} kHz"
    message = from_runtime(UndecodableAudio("corrupt"), "audio", None).detail.sentence("en")
    assert f"{bounds}, 1 to {MAXIMUM_CHANNELS} channels" in message


@pytest.mark.parametrize("kind", [Overloaded, NotReady])
def test_errors_that_pass_carry_retry_after(kind: type[Overloaded | NotReady]) -> None:
    error = ApiError(kind(retry_after_seconds=9), {"X-More": "1"})
    assert error.headers == {"Retry-After": "9", "X-More": "1"}
    assert ApiError(Internal()).headers == {}
