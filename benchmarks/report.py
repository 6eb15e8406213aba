"""Contents of a report: tables, plots and targets, and their Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | int | float | None
"""A value of a table; None means that it was not measured."""

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        name: Short name of the table.
        about: What was measured, and how.
        columns: Names with their units.
        rows: Cells in the columns' order.
    """

    name: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Plot:
    """Lines or points over a common axis.

    Attributes:
        name: Name of the file, without its suffix.
        title: Title above the plot.
        x: Name of the horizontal axis, with its unit.
        y: Name of the vertical axis, with its unit.
        series: Points (x, y) by label.
        logarithmic: Whether both axes are logarithmic.
    """

    name: str
    title: str
    x: str
    y: str
    series: Mapping[str, Sequence[tuple[float, float]]]
    logarithmic: bool = False


@dataclass(frozen=True)
class Goal:
    """A measured figure and its target.

    Attributes:
        subject: What the figure describes.
        value: Measured value; None if it was not measured.
        bound: Target value.
        unit: Unit of both.
        at_least: Whether the target is a minimum; otherwise it is a maximum.
    """

    subject: str
    value: float | None
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if the figure was not measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True)
class Report:
    """Results of one command.

    Attributes:
        command: Name of the command.
        subject: What was measured.
        tables: Tables in the order of reading.
        goals: Figures and their targets.
        plots: Plots of some of the tables.
    """

    command: str
    subject: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    plots: Sequence[Plot] = field(default=())

    def markdown(self, environment: Mapping[str, Cell]) -> str:
        """Write the report as a Markdown page.

        Args:
            environment: Facts of the machine by name.

        Returns:
            The page.
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
    """List goals as cells under `GOAL_COLUMNS`.

    Args:
        goals: The goals.
    """
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
    """Format a cell, numbers to three digits.

    Args:
        cell: The cell.
    """
    if cell is None:
        return NOT_MEASURED
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return str(cell)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Format cells as a Markdown table.

    Args:
        columns: Names of the columns.
        rows: Cells in the columns' order.
    """
    lines = [list(columns), ["---"] * len(columns), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
