from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from server.http.request_parser import media_type, parse_request
from server.messages.error import ApiError, FieldError
from server.messages.errors import InvalidBase64
from server.messages.requests import CloneRequest, ToneRequest

JSON = "application/json"


def clone(**fields: Any) -> Any:
    return parse_request(bytearray(json.dumps(fields).encode()), JSON, CloneRequest, 3)


def refusal(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        clone(**fields)
    detail = caught.value.detail
    assert isinstance(detail, FieldError)
    return caught.value.code, detail.param


def test_defaults() -> None:
    request = clone(target_audio="AAAA", source_audio="BBBB")
    assert (request.tau, request.temperature) == (DEFAULT_TAU, DEFAULT_TEMPERATURE)
    assert request.seed is None
    assert request.target_tone is None
    assert [(c.param, c.index, bytes(c.data)) for c in request.target_audio] == [
        ("target_audio", None, b"\0\0\0")
    ]
    assert request.source_audio.param == "source_audio"


def test_null_is_absent_and_unknown_fields_are_ignored() -> None:
    request = clone(
        target_audio="AAAA", source_audio="AAAA", tau=None, seed=None, target_tone=None, x=[{}]
    )
    assert (request.tau, request.seed) == (DEFAULT_TAU, None)


def test_a_list_of_targets() -> None:
    request = clone(target_audio=["AAAA", "BBBB"], source_audio="AAAA", seed=2**63 - 1, tau=0)
    assert [clip.index for clip in request.target_audio] == [0, 1]
    assert request.target_audio[1].index == 1
    assert (request.seed, request.tau) == (2**63 - 1, 0)


def test_a_tone_in_place_of_a_target() -> None:
    request = clone(target_tone="id:AAAA", source_audio="AAAA")
    assert request.target_audio is None
    assert request.target_tone == "id:AAAA"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, ("missing_field", "target_audio")),
        ({"source_audio": "AAAA"}, ("missing_field", "target_audio")),
        ({"target_audio": "AAAA"}, ("missing_field", "source_audio")),
        ({"target_audio": None, "source_audio": "AAAA"}, ("missing_field", "target_audio")),
        ({"target_audio": 3, "source_audio": "AAAA"}, ("invalid_field", "target_audio")),
        ({"target_audio": {}, "source_audio": "AAAA"}, ("invalid_field", "target_audio")),
        ({"target_audio": [], "source_audio": "AAAA"}, ("invalid_field", "target_audio")),
        ({"target_audio": [3], "source_audio": "AAAA"}, ("invalid_field", "target_audio")),
        ({"target_audio": ["A"] * 4, "source_audio": "AAAA"}, ("invalid_field", "target_audio")),
        ({"target_audio": ["AAAA"], "source_audio": ["AAAA"]}, ("invalid_field", "source_audio")),
        ({"target_audio": "AAAA", "source_audio": True}, ("invalid_field", "source_audio")),
        ({"target_audio": "!!", "source_audio": "AAAA"}, ("invalid_base64", "target_audio")),
        ({"target_audio": "AAAA", "source_audio": "é"}, ("invalid_base64", "source_audio")),
        ({"target_tone": 3, "source_audio": "AAAA"}, ("invalid_field", "target_tone")),
        (
            {"target_tone": "a:b", "target_audio": "AAAA", "source_audio": "AAAA"},
            ("invalid_field", "target_tone"),
        ),
        ({"target_audio": "!!", "source_audio": "!!", "tau": 3}, ("invalid_field", "tau")),
    ],
)
def test_what_is_wrong(fields: dict[str, Any], wanted: tuple[str, str]) -> None:
    assert refusal(**fields) == wanted


def test_bad_base64_in_a_list_says_where() -> None:
    with pytest.raises(ApiError) as caught:
        clone(target_audio=["AAAA", "!"], source_audio="AAAA")
    assert caught.value.detail == InvalidBase64(param="target_audio", index=1)


def test_a_tone_request() -> None:
    clip = parse_request(bytearray(b'{"audio": "AAAA"}'), JSON, ToneRequest, 3).audio
    assert (clip.param, bytes(clip.data)) == ("audio", b"\0\0\0")
    with pytest.raises(ApiError, match="audio"):
        parse_request(bytearray(b'{"audio": ["AAAA"]}'), JSON, ToneRequest, 3)


@pytest.mark.parametrize("name", ["tau", "temperature"])
@pytest.mark.parametrize("given", [0, 1, 0.25, 1.0])
def test_a_share(name: str, given: float) -> None:
    request = clone(target_audio="AAAA", source_audio="AAAA", **{name: given})
    assert getattr(request, name) == given


@pytest.mark.parametrize("name", ["tau", "temperature"])
@pytest.mark.parametrize(
    "given", [float("nan"), float("inf"), "0.3", "", True, False, -1, 2, 1.0001, [], {}, [0.3]]
)
def test_no_share(name: str, given: Any) -> None:
    fields = {"target_audio": "AAAA", "source_audio": "AAAA", name: given}
    assert refusal(**fields) == ("invalid_field", name)


@pytest.mark.parametrize("given", [0, 1, 2**63 - 1, 5.0])
def test_a_seed(given: Any) -> None:
    request = clone(target_audio="AAAA", source_audio="AAAA", seed=given)
    assert request.seed == given
    assert isinstance(request.seed, int)


@pytest.mark.parametrize("given", [-1, 2**63, 2.5, "1", True, float("inf"), float("nan"), 1e300])
def test_no_seed(given: Any) -> None:
    fields = {"target_audio": "AAAA", "source_audio": "AAAA", "seed": given}
    assert refusal(**fields) == ("invalid_field", "seed")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", "application/json"),
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("multipart/form-data; boundary=x", "multipart/form-data"),
    ],
)
def test_media_types(header: str, found: str) -> None:
    assert media_type(header) == found


@pytest.mark.parametrize("header", ["text/plain", "application/x-www-form-urlencoded", "json", ";"])
def test_other_media_types(header: str) -> None:
    if header == ";":
        assert media_type(header) == "application/json"
        return
    with pytest.raises(ApiError) as caught:
        media_type(header)
    assert caught.value.code == "unsupported_media_type"
