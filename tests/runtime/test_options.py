import pytest

from runtime.errors import InvalidOption
from runtime.options import check_count, check_seed, check_share


@pytest.mark.parametrize("value", [0, 0.0, 0.3, 1, 1.0])
def test_shares_pass(value: float) -> None:
    assert check_share("tau", value) == value
    assert isinstance(check_share("tau", value), float)


def test_a_wrong_share_is_named_with_its_value() -> None:
    with pytest.raises(InvalidOption) as caught:
        check_share("tau", 2)
    assert caught.value.facts == {
        "name": "tau",
        "value": "2",
        "reason": "a number from 0 to 1 is needed",
    }


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_seeds_pass(seed: int) -> None:
    assert check_seed(seed) == seed


def test_a_seed_of_many_digits_is_refused() -> None:
    with pytest.raises(InvalidOption):
        check_seed(10**4000)


@pytest.mark.parametrize("count", [None, 1, 10**6])
def test_counts_pass(count: int | None) -> None:
    assert check_count("window_frames", count) == count
