"""What a set of measured times amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distribution:
    """Times of one thing that was done again and again, in seconds.

    Attributes:
        runs: how often it was done.
        median: half took less.
        p95: 95 in 100 took less.
        p99: 99 in 100 took less; with fewer runs than that, next to the longest.
        spread: between the quarter that took least and the one that took most.
    """

    runs: int
    median: float
    p95: float
    p99: float
    spread: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Distribution:
        """Describe measured times, at least one."""
        quarter, median, three_quarters, p95, p99 = (
            float(value) for value in np.percentile(seconds, (25, 50, 75, 95, 99))
        )
        return cls(len(seconds), median, p95, p99, three_quarters - quarter)

    @property
    def milliseconds(self) -> tuple[float, float, float, float, int]:
        """Give the cells that `COLUMNS` names."""
        return (
            1000 * self.median,
            1000 * self.p95,
            1000 * self.p99,
            1000 * self.spread,
            self.runs,
        )


COLUMNS = ("median ms", "p95 ms", "p99 ms", "spread ms", "runs")
"""Columns of a table for `Distribution.milliseconds`."""
