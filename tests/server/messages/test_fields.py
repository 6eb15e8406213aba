from __future__ import annotations

from typing import Any

import pytest

from server.messages.errors import ApiError
from server.messages.fields import CLONE_FIELDS, SEED, TAU, TEMPERATURE, TONE_FIELDS, take


@pytest.mark.parametrize(("given", "value"), [(None, 0.3), (0, 0), (1, 1), (0.25, 0.25), (1.0, 1)])
def test_a_share(given: Any, value: float) -> None:
    assert TAU.number(given) == value
    assert TEMPERATURE.number(given) == value


@pytest.mark.parametrize(
    "given", [float("nan"), float("inf"), "0.3", "", True, False, -1, 2, 1.0001, [], {}, [0.3]]
)
def test_no_share(given: Any) -> None:
    with pytest.raises(ApiError) as caught:
        TAU.number(given)
    assert caught.value.code == "invalid_field"
    assert caught.value.param == "tau"


@pytest.mark.parametrize("given", [0, 1, 2**63 - 1, 5.0])
def test_a_seed(given: Any) -> None:
    assert SEED.number(given) == given


@pytest.mark.parametrize("given", [-1, 2**63, 2.5, "1", True, float("inf"), float("nan"), 1e300])
def test_no_seed(given: Any) -> None:
    with pytest.raises(ApiError, match="seed"):
        SEED.number(given)


def test_an_absent_seed_is_none() -> None:
    assert SEED.number(None) is None


def test_take_misses_what_is_absent_or_null() -> None:
    assert take({"tau": 0}, TAU) == 0
    for values in ({}, {"tau": None}):
        with pytest.raises(ApiError) as caught:
            take(values, TAU)
        assert caught.value.code == "missing_field"


def test_every_field_is_described_in_both_languages() -> None:
    for field in (*CLONE_FIELDS, *TONE_FIELDS):
        for texts in (field.about, field.expected):
            assert texts["zh"] and texts["en"].isascii()
