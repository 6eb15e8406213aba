from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from client.errors import ApiError, Overloaded, UnexpectedAnswer
from client.protocol import (
    CloneOptions,
    answer_of,
    audio_body,
    clone_body,
    clone_result,
    parse_object,
    tone_result,
    verify_result,
)
from client.results import MarkedStretch, Stats, ToneResult
from tests.client.fake_server import refusal

ENCODED = {text: base64.b64encode(text.encode()).decode() for text in ("a", "b", "c")}
GOOD_CLONE = {
    "result_audio": "UklGRg==",
    "stats": {"extract_time": "1.23s", "clone_time": "2.45s", "total_time": "3.68s"},
}


def test_clone_body_leaves_defaults_to_the_server() -> None:
    for options in (CloneOptions(), CloneOptions(tau=None, temperature=None, seed=None)):
        body = json.loads(clone_body(b"a", b"b", options))
        assert body == {"target_audio": ENCODED["a"], "source_audio": ENCODED["b"]}


def test_clone_body_sends_zeros() -> None:
    body = json.loads(clone_body(b"a", b"b", {"tau": 0.0, "temperature": 0.0, "seed": 0}))
    assert (body["tau"], body["temperature"], body["seed"]) == (0.0, 0.0, 0)


def test_clone_body_takes_several_targets_or_a_tone() -> None:
    several = json.loads(clone_body([b"a", b"c"], b"b", {}))
    tone = json.loads(clone_body(ToneResult("id:AA", 1.0, ()), b"b", {}))
    assert several["target_audio"] == [ENCODED["a"], ENCODED["c"]]
    assert tone == {"target_tone": "id:AA", "source_audio": ENCODED["b"]}


def test_audio_body() -> None:
    assert json.loads(audio_body(b"a")) == {"audio": ENCODED["a"]}


@pytest.mark.parametrize("data", ["", "<html>", "[1]", "7", b"\xff"])
def test_parse_object_refuses_other_things(data: str | bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_object(data)


def test_an_error_carries_its_facts() -> None:
    response = refusal(422, "audio_too_short", param="target_audio", seconds=0.2)
    with pytest.raises(ApiError, match="audio_too_short") as caught:
        answer_of(response)
    error = caught.value
    assert (error.status, error.code, error.param) == (422, "audio_too_short", "target_audio")
    assert error.facts == {"seconds": 0.2, "minimum_seconds": 0.5, "index": 1}
    assert error.request_id == "r-9"
    assert str(error) == "audio_too_short (target_audio): say what to do"


@pytest.mark.parametrize("status", [429, 503])
def test_overload_has_a_type_of_its_own(status: int) -> None:
    with pytest.raises(Overloaded):
        answer_of(refusal(status, "overloaded"))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(200, json={"success": False, "error": "text"}),
    ],
)
def test_an_answer_of_someone_else_is_unexpected(response: httpx.Response) -> None:
    with pytest.raises(UnexpectedAnswer, match="status"):
        answer_of(response)


def test_clone_result_reads_seconds() -> None:
    result = clone_result(httpx.Response(200, json=GOOD_CLONE, headers={"X-Request-ID": "r"}))
    assert result.audio == b"RIFF"
    assert result.stats == Stats(1.23, 2.45, 3.68)
    assert result.request_id == "r"


@pytest.mark.parametrize(
    "change",
    [
        {"stats": None},
        {"stats": {"extract_time": "1s"}},
        {"result_audio": 3},
        {"result_audio": "?"},
    ],
)
def test_clone_result_refuses_what_is_incomplete(change: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="result_audio or stats"):
        clone_result(httpx.Response(200, json=GOOD_CLONE | change))


def test_tone_result() -> None:
    good = {"tone": "id:AA", "seconds": 2, "warnings": ["short"]}
    assert tone_result(httpx.Response(200, json=good)) == ToneResult("id:AA", 2.0, ("short",))
    with pytest.raises(UnexpectedAnswer):
        tone_result(httpx.Response(200, json={"tone": "id:AA"}))


VERIFIED = {
    "success": True,
    "seconds": 3.9,
    "watermark": {
        "present": True,
        "confidence": 0.99,
        "stretches": [{"start_seconds": 0.5, "stop_seconds": 3.5, "confidence": 0.99}],
    },
    "metadata": {"label": "1", "content_producer": "a", "produce_id": "b"},
}


def test_the_marks_of_a_file() -> None:
    found = verify_result(httpx.Response(200, json=VERIFIED))
    assert (found.seconds, found.watermarked, found.confidence) == (3.9, True, 0.99)
    assert found.stretches == (MarkedStretch(0.5, 3.5, 0.99),)
    assert found.metadata == VERIFIED["metadata"] and found.marked


@pytest.mark.parametrize("label", [None, {"label": "1"}])
def test_a_label_alone_is_a_mark(label: dict[str, str] | None) -> None:
    watermark = {"present": False, "confidence": 0.1, "stretches": []}
    answer = VERIFIED | {"watermark": watermark, "metadata": label}
    assert verify_result(httpx.Response(200, json=answer)).marked == (label is not None)


@pytest.mark.parametrize("missing", ["seconds", "watermark", "metadata"])
def test_marks_without_a_field_are_unexpected(missing: str) -> None:
    answer = {name: value for name, value in VERIFIED.items() if name != missing}
    with pytest.raises(UnexpectedAnswer):
        verify_result(httpx.Response(200, json=answer))
