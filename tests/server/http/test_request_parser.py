from __future__ import annotations

import json
from typing import Any

import pytest

from server.http.request_parser import media_type, parse_clone, parse_tone
from server.messages.errors import ApiError

JSON = "application/json"


def clone(**fields: Any) -> Any:
    return parse_clone(bytearray(json.dumps(fields).encode()), JSON, 3)


def refusal(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        clone(**fields)
    return caught.value.code, caught.value.param


def test_defaults() -> None:
    payload = clone(target_audio="AAAA", source_audio="BBBB")
    assert (payload.tau, payload.temperature, payload.seed) == (0.3, 0.3, None)
    assert payload.target_tone is None
    assert [(c.param, c.index, bytes(c.data)) for c in payload.targets] == [
        ("target_audio", None, b"\0\0\0")
    ]
    assert payload.source.param == "source_audio"


def test_null_is_absent_and_unknown_fields_are_ignored() -> None:
    payload = clone(
        target_audio="AAAA", source_audio="AAAA", tau=None, seed=None, target_tone=None, x=[{}]
    )
    assert (payload.tau, payload.seed) == (0.3, None)


def test_a_list_of_targets() -> None:
    payload = clone(target_audio=["AAAA", "BBBB"], source_audio="AAAA", seed=2**63 - 1, tau=0)
    assert [clip.index for clip in payload.targets] == [0, 1]
    assert payload.targets[1].place == {"index": 1}
    assert (payload.seed, payload.tau) == (2**63 - 1, 0)


def test_a_tone_in_place_of_a_target() -> None:
    payload = clone(target_tone="id:AAAA", source_audio="AAAA")
    assert payload.targets == ()
    assert payload.target_tone == "id:AAAA"


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
    assert caught.value.facts == {"index": 1}


def test_a_tone_request() -> None:
    clip = parse_tone(bytearray(b'{"audio": "AAAA"}'), JSON)
    assert (clip.param, bytes(clip.data)) == ("audio", b"\0\0\0")
    with pytest.raises(ApiError, match="audio"):
        parse_tone(bytearray(b'{"audio": ["AAAA"]}'), JSON)


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
