"""Timing in turns, so that a change of the machine's speed affects everything compared alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.distribution import Distribution

Action = Callable[[], object]

MINIMUM_ROUNDS = 3


def alternate(
    actions: Mapping[str, Action], rounds: int, most_seconds: float, *, warm_ups: int = 1
) -> dict[str, list[float]]:
    """Time actions in turns, each round in the opposite order of the one before.

    Args:
        actions: Actions by name.
        rounds: Most times to run each action.
        most_seconds: Time after which no round begins, except the first `MINIMUM_ROUNDS`.
        warm_ups: Rounds before the first one that counts.

    Returns:
        Seconds of each run, by name.
    """
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(warm_ups):
        for action in actions.values():
            action()
    order = list(actions.items())
    ends = time.perf_counter() + most_seconds
    for done in range(rounds):
        if done >= min(rounds, MINIMUM_ROUNDS) and time.perf_counter() > ends:
            break
        for name, action in order:
            started = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - started)
        order.reverse()
    return taken


def distributions(taken: Mapping[str, Sequence[float]]) -> dict[str, Distribution]:
    """Summarise the times of each action.

    Args:
        taken: Seconds of each run, by name.
    """
    return {name: Distribution.of(seconds) for name, seconds in taken.items()}
