"""What a benchmark has to say: tables, plots, and figures that were aimed at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None
"""None stands for what was not measured."""

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        name: of the table, short.
        about: what was measured, and how.
        columns: names with their units.
        rows: cells in the columns' order.
    """

    name: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Plot:
    """Lines or points over a common axis.

    Attributes:
        name: of the file.
        title: above it.
        x: name of the horizontal axis, with its unit.
        y: name of the vertical axis, with its unit.
        series: points (x, y) by label.
        logarithmic: whether both axes are.
    """

    name: str
    title: str
    x: str
    y: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    logarithmic: bool = False


@dataclass(frozen=True)
class Goal:
    """A figure with the bound that this project set itself for it.

    Attributes:
        subject: what the figure is of.
        value: as measured; None where it was not.
        bound: what it should not pass.
        unit: of both.
        at_least: whether the bound is below the figure instead of above it.
    """

    subject: str
    value: float | None
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the figure keeps to its bound; None where it was not measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True)
class Report:
    """All that one command found.

    Attributes:
        command: that was run.
        subject: what it ran on.
        tables: in the order of reading.
        goals: figures and their bounds.
        plots: pictures of some of it.
    """

    command: str
    subject: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    plots: Sequence[Plot] = field(default=())

    def markdown(self, environment: Mapping[str, Cell]) -> str:
        """Write the report as a Markdown page.

        Args:
            environment: the machine, a line each.
        """
        parts = [f"# {self.command}", self.subject]
        if self.goals:
            parts += ["## Targets", markdown_table(GOAL_COLUMNS, goal_rows(self.goals))]
        for table in self.tables:
            parts += [f"## {table.name}", table.about, markdown_table(table.columns, table.rows)]
        parts += [f"![{plot.title}]({plot.name}.png)" for plot in self.plots]
        parts += ["## Machine", markdown_table(("what", "which"), list(environment.items()))]
        return "\n\n".join(parts) + "\n"


GOAL_COLUMNS = ("figure", "measured", "target", "met")


def goal_rows(goals: Sequence[Goal]) -> list[Sequence[Cell]]:
    """Give goals as cells under `GOAL_COLUMNS`."""
    verdicts = {True: "yes", False: "no", None: NOT_MEASURED}
    return [
        (
            goal.subject,
            None if goal.value is None else f"{text(goal.value)} {goal.unit}".strip(),
            f"{'at least' if goal.at_least else 'at most'} {text(goal.bound)} {goal.unit}".strip(),
            verdicts[goal.met],
        )
        for goal in goals
    ]


def text(cell: Cell) -> str:
    """Write a cell: numbers to three digits."""
    if cell is None:
        return NOT_MEASURED
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return str(cell)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Write cells as a Markdown table."""
    lines = [list(columns), ["---"] * len(columns), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
