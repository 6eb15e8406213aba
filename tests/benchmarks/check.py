"""What holds for every report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.options import Options
from benchmarks.report import Cell, Report
from benchmarks.results import write


def rows_of(report: Report, name: str) -> list[dict[str, Cell]]:
    """Give a table's rows by column."""
    table = next(table for table in report.tables if table.name == name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def check(report: Report, options: Options) -> None:
    """Check that a report is whole, with finite figures, and can be written."""
    for table in report.tables:
        assert table.rows, table.name
        for row in table.rows:
            assert len(row) == len(table.columns), table.name
            assert_finite(row)
    for goal in report.goals:
        assert goal.value is None or math.isfinite(goal.value), goal.subject
    assert all(file.stat().st_size for file in write(report, {}, options.output))


def assert_finite(row: Sequence[Cell]) -> None:
    assert all(not isinstance(cell, float) or math.isfinite(cell) for cell in row), row
