import pytest

from benchmarks import scaling
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_processes_are_compared_by_throughput_and_cpu_time(options: Options) -> None:
    report = scaling.run(options)
    check(report, options)
    assert [row["processes"] for row in rows_of(report, "Processes")] == [1, 2]
    assert [row["processes"] for row in rows_of(report, "Processes on many CPUs")] == [1, 2]
