from functools import partial

from benchmarks.rounds import MINIMUM_ROUNDS, alternate, distributions


def test_actions_alternate_and_the_order_turns_round() -> None:
    done: list[str] = []
    taken = alternate({name: partial(done.append, name) for name in "ab"}, 3, 60.0, warm_ups=1)
    assert "".join(done) == "ababbaab"
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 3, "b": 3}


def test_time_ends_it_but_not_before_a_few_rounds() -> None:
    taken = alternate({"a": lambda: None}, 1000, 0.0, warm_ups=0)
    assert len(taken["a"]) == MINIMUM_ROUNDS


def test_fewer_rounds_than_a_few_are_kept_to() -> None:
    assert len(alternate({"a": lambda: None}, 1, 0.0)["a"]) == 1


def test_each_action_is_described_by_its_own_times() -> None:
    found = distributions({"a": [1.0, 3.0], "b": [5.0]})
    assert (found["a"].median, found["b"].median) == (2.0, 5.0)
