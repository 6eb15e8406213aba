"""Median, percentiles and spread of measured times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distribution:
    """Summary of the times of one repeated action, in seconds.

    Attributes:
        runs: Number of times measured.
        median: Median.
        p95: 95th percentile.
        p99: 99th percentile; with fewer than 100 runs, close to the longest.
        spread: Difference of the third and the first quartile.
    """

    runs: int
    median: float
    p95: float
    p99: float
    spread: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Distribution:
        """Summarise measured times.

        Args:
            seconds: At least one time.

        Returns:
            The summary.
        """
        quarter, median, three_quarters, p95, p99 = (
            float(value) for value in np.percentile(seconds, (25, 50, 75, 95, 99))
        )
        return cls(len(seconds), median, p95, p99, three_quarters - quarter)

    @property
    def milliseconds(self) -> tuple[float, float, float, float, int]:
        """The cells under `COLUMNS`."""
        return (
            1000 * self.median,
            1000 * self.p95,
            1000 * self.p99,
            1000 * self.spread,
            self.runs,
        )


COLUMNS = ("median ms", "p95 ms", "p99 ms", "spread ms", "runs")
"""Columns of a table for `Distribution.milliseconds`."""
