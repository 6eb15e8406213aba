import pytest

from benchmarks import memory
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_memory_is_followed_on_both_ways(options: Options) -> None:
    report = memory.run(options)
    check(report, options)
    assert len(rows_of(report, "Command line")) == 2
    marks = [row["peak MiB"] for row in rows_of(report, "Server")]
    assert all(isinstance(mark, float) for mark in marks)
    assert marks == sorted(marks, key=float_of)
    assert len(report.goals) == 3


def float_of(mark: object) -> float:
    assert isinstance(mark, float)
    return mark
