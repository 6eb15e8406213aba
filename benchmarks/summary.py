"""One page over all results: what was aimed at and what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report import GOAL_COLUMNS, Cell, Goal, goal_rows, markdown_table


def summarise(commands: Iterable[str], folder: Path) -> Path:
    """Write the page that leads to every report in a folder, whichever run each is of.

    Args:
        commands: in the order that their reports are listed in; those without one are left out.
        folder: that holds what `benchmarks.results.write` wrote.

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
        "Written by `python -m benchmarks`; each page names the machine.",
        markdown_table(("benchmark", *GOAL_COLUMNS), rows),
    ]
    page = folder / "README.md"
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page
