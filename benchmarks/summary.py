"""One page over all results: what was aimed at and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import GOAL_COLUMNS, Cell, Report, goal_rows, markdown_table


def summarise(reports: Sequence[Report], folder: Path) -> Path:
    """Write the page that leads to every report.

    Args:
        reports: in the order that they are listed in.
        folder: that holds them.

    Returns:
        The page.
    """
    rows: list[Sequence[Cell]] = [
        (f"[{report.command}]({report.command}.md)", *row)
        for report in reports
        for row in goal_rows(report.goals)
    ]
    parts = [
        "# Results",
        "Written by `python -m benchmarks all`; each page names the machine.",
        markdown_table(("benchmark", *GOAL_COLUMNS), rows),
    ]
    page = folder / "README.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page
