"""Alternation: what is compared runs in turns, so that a machine's moods meet all alike."""

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
        actions: what to time, by name.
        rounds: how often each is timed.
        most_seconds: no further round begins after so long, but `MINIMUM_ROUNDS` there are.
        warm_ups: rounds before those that count.

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
    """Describe the times of each action."""
    return {name: Distribution.of(seconds) for name, seconds in taken.items()}


def ratios(taken: Mapping[str, Sequence[float]], reference: str, name: str) -> float:
    """Say how many times faster an action is than another, by the medians of the same rounds."""
    return Distribution.of(taken[reference]).median / Distribution.of(taken[name]).median
