from __future__ import annotations

import pytest

from benchmarks import voices
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_requests_and_starts_are_measured(options: Options) -> None:
    report = voices.run(options)
    check(report, options)
    requests = [row["request"] for row in rows_of(report, "Requests")]
    assert requests == ["get", "list", "add", "delete", "clone by name", "clone by tone"]
    assert len(rows_of(report, "Start")) == 2
    assert len(report.goals) == 5
