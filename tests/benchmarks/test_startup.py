import pytest

from benchmarks import startup
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_start_is_held_against_what_cannot_be_avoided(options: Options) -> None:
    report = startup.run(options)
    check(report, options)
    assert [row["what"] for row in rows_of(report, "Time to ready")] == [
        "start to ready",
        "imports and files",
    ]
    assert len(report.goals) == 1
