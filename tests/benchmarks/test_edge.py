from __future__ import annotations

import sys

import pytest

from benchmarks import edge
from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of


def test_one_core_is_used() -> None:
    program = "import os, sys; sys.exit(len(os.sched_getaffinity(0)) - 1)"
    usage = edge.run_bounded([sys.executable, "-c", program])
    assert usage.processor_seconds > 0
    assert usage.peak_mib < 512


def test_more_memory_than_allowed_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="MemoryError"):
        edge.run_bounded([sys.executable, "-c", f"bytearray({edge.MEMORY_BYTES})"])


@pytest.mark.slow
def test_the_command_line_fits(options: Options) -> None:
    report = edge.run(options)
    check(report, options)
    assert [row["file s"] for row in rows_of(report, "One core")] == [2.0, 8.0]
    assert report.goals[0].value is not None
