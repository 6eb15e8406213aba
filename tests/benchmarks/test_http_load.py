import pytest

from benchmarks import http_load
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_a_server_is_put_under_every_load(options: Options) -> None:
    report = http_load.run(options)
    check(report, options)
    assert [row["clients"] for row in rows_of(report, "Closed loop")] == list(http_load.CLIENTS)
    stages = {row["stage"]: row for row in rows_of(report, "Stages under load")}
    assert {"queue", "convert", "total", "client"} <= stages.keys()
    assert isinstance(stages["convert"]["mean by /metrics ms"], float)
    names = [table.name for table in report.tables]
    assert names[-3:] == ["Fairness", "Overload", "Tone cache"]
    assert len(report.goals) == 5
