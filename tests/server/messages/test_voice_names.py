from __future__ import annotations

import pytest

from server.messages.voice_names import MAXIMUM_MIXED_VOICES, VoiceMix, parse_name

HALF = {f"v{i}": 0.5 for i in range(MAXIMUM_MIXED_VOICES)}


@pytest.mark.parametrize(
    "text", ["a", "Anna-2_b.c", "王小明", "अनुष्का", "ก้อง", "é" * 64, "0", "-", "..a"]
)
def test_names(text: str) -> None:
    assert parse_name(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a/b", "a\0", "a\n", "😀", "a" * 65, "a" * 100_000, ".", "..", "a%", "½", "\ud800"],
)
def test_what_is_no_name(text: str) -> None:
    assert parse_name(text) is None


def test_spellings_that_look_alike_are_one_name() -> None:
    decomposed = "e\u0301" * 64
    assert parse_name(decomposed) == "é" * 64


@pytest.mark.parametrize(
    ("value", "shares"),
    [
        ("anna", {"anna": 1.0}),
        ({"anna": 0.7, "ben": 0.3}, {"anna": 0.7, "ben": 0.3}),
        ({"anna": 1, "ben": 1}, {"anna": 0.5, "ben": 0.5}),
        ({"anna": 0.2, "ben": 0}, {"anna": 1.0}),
        (HALF, {name: 1 / MAXIMUM_MIXED_VOICES for name in HALF}),
    ],
)
def test_mixes(value: object, shares: dict[str, float]) -> None:
    mix = VoiceMix.parse(value)
    assert mix is not None
    assert mix.shares == pytest.approx(shares)


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        ["anna"],
        "",
        {},
        {"anna": 0},
        {"anna": 5e-324},
        {"anna": -0.1, "ben": 1},
        {"anna": 1.5},
        {"anna": True},
        {"anna": "1"},
        {"anna": float("nan")},
        {"anna": float("inf")},
        {"a b": 1},
        {"é": 1, "e\u0301": 1},
        HALF | {"more": 0.5},
    ],
)
def test_what_is_no_mix(value: object) -> None:
    assert VoiceMix.parse(value) is None
