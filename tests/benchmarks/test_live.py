from __future__ import annotations

import dataclasses

import pytest

from benchmarks import live
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_sessions_are_measured_alone_and_beside_batch_work(options: Options) -> None:
    report = live.run(dataclasses.replace(options))
    check(report, options)
    rows = rows_of(report, "Sessions")
    assert {(row["preset"], row["beside"]) for row in rows} == {
        (preset, beside) for preset in live.PRESETS for beside in ("nothing", "batch work")
    }
    for row in rows:
        told, median = row["told ms"], row["median ms"]
        assert isinstance(told, float)
        assert isinstance(median, float)
        # the oldest sample of a piece has waited for all of its window
        assert median > 0.9 * told
        steps = row["steps"]
        assert isinstance(steps, int)
        assert steps > 3
    assert {row["preset"] for row in rows_of(report, "Admission")} == set(live.PRESETS)
