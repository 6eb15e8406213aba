"""The page of all targets and results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report import GOAL_COLUMNS, Cell, Goal, goal_rows, markdown_table


def summarise(commands: Iterable[str], folder: Path) -> Path:
    """Write the page that links every report in a folder.

    Args:
        commands: Commands in the order of the page; those without a report are left out.
        folder: Folder that `benchmarks.results.write` wrote to.

    Returns:
        The page.
    """
    rows: list[list[Cell]] = []
    for command in commands:
        document = folder / f"{command}.json"
        if document.exists():
            found = json.loads(document.read_text(encoding="utf-8"))["goals"]
            goals = [
                Goal(**{name: value for name, value in goal.items() if name != "met"})
                for goal in found
            ]
            rows += [[f"[{command}]({command}.md)", *row] for row in goal_rows(goals)]
    parts = [
        "# Results",
        "Written by `python -m benchmarks`. Each page describes the machine that it was measured "
        "on.",
        markdown_table(("benchmark", *GOAL_COLUMNS), rows),
    ]
    page = folder / "README.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page
