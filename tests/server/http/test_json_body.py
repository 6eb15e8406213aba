from __future__ import annotations

import math
from typing import Any

import pytest

from server.http.json_body import MAXIMUM_VALUES, parse_number, parse_object
from server.messages.error import ApiError


def parse(text: str | bytes) -> dict[str, Any]:
    return parse_object(bytearray(text.encode() if isinstance(text, str) else text))


def test_an_object() -> None:
    assert parse('{"a": "b", "c": [1, 2.5, null, true]}') == {"a": "b", "c": [1, 2.5, None, True]}
    assert parse(b'\xef\xbb\xbf{"a": "\\/\\n"}') == {"a": "/\n"}


def test_the_body_is_emptied() -> None:
    body = bytearray(b'{"a": 1}')
    parse_object(body)
    assert body == b""


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[]",
        '["a"]',
        "null",
        "3",
        '"text"',
        "{",
        '{"a": }',
        '{"a": 1} x',
        b'{"a": "\xff"}',
        '{"a": ' * 100_000,
        "[" * 100_000,
        '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"a": [' + "[]," * MAXIMUM_VALUES + "[]]}",
        '{"a": "\n"}',
    ],
)
def test_anything_else_is_invalid_json(text: str | bytes) -> None:
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert caught.value.code == "invalid_json"


def test_odd_numbers_are_left_to_the_fields() -> None:
    values = parse('{"a": NaN, "b": 1e999, "c": -Infinity, "d": ' + "9" * 5_000 + "}")
    assert math.isnan(values["a"])
    assert values["b"] == math.inf
    assert values["c"] == -math.inf
    assert values["d"] == math.inf
    assert parse('{"a": -9223372036854775808}')["a"] == -(2**63)


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("3", 3), ("", None)])
def test_a_number_of_a_form(text: str, value: float | None) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["x", "null", '"0.3"', "[]", "0.3 0.4", "{}"])
def test_no_number_of_a_form(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_number(text)
