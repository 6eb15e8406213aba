"""Report files: JSON for programs, Markdown for people, and plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.report import Cell, Plot, Report

_INCHES = (6.4, 4.0)
_DOTS_PER_INCH = 80


def write(report: Report, environment: Mapping[str, Cell], folder: Path) -> list[Path]:
    """Write a report.

    Args:
        report: The report.
        environment: Facts of the machine by name.
        folder: Folder of the files; created if missing.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / f"{report.command}.json"
    page = folder / f"{report.command}.md"
    document.write_text(to_json(report, environment), encoding="utf-8")
    page.write_text(report.markdown(environment), encoding="utf-8")
    pictures = [draw(plot, folder / f"{plot.name}.png") for plot in report.plots]
    return [document, page, *pictures]


def to_json(report: Report, environment: Mapping[str, Cell]) -> str:
    """Format a report as JSON: each row an object, numbers unrounded.

    Args:
        report: The report.
        environment: Facts of the machine by name.
    """
    content = {
        "command": report.command,
        "subject": report.subject,
        "environment": dict(environment),
        "goals": [asdict(goal) | {"met": goal.met} for goal in report.goals],
        "tables": [
            {
                "name": table.name,
                "about": table.about,
                "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
            }
            for table in report.tables
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def draw(plot: Plot, path: Path) -> Path:
    """Draw a plot as a small PNG.

    Args:
        plot: The plot.
        path: Path of the picture.

    Returns:
        The path.
    """
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.add_subplot()
    for label, points in plot.series.items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
    if plot.logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=_DOTS_PER_INCH)
    return path
