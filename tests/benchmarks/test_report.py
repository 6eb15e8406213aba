import pytest

from benchmarks.report import Cell, Goal, Report, Table, goal_rows, markdown_table, text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, "not measured"),
        (0.012345, "0.0123"),
        (12345.6, "12,346"),
        (7, "7"),
        ("CPU", "CPU"),
        (0.0, "0"),
    ],
)
def test_cells_are_written_to_three_digits(cell: Cell, written: str) -> None:
    assert text(cell) == written


def test_goals_are_kept_missed_or_not_measured() -> None:
    assert Goal("a", 1.0, 2.0).met is True
    assert Goal("a", 1.0, 2.0, at_least=True).met is False
    assert Goal("a", None, 2.0).met is None
    rows = goal_rows([Goal("a", 3.0, 2.0, "ms"), Goal("b", None, 2.0, "x", at_least=True)])
    assert rows == [
        ("a", "3 ms", "at most 2 ms", "no"),
        ("b", None, "at least 2 x", "not measured"),
    ]


def test_a_table_is_markdown() -> None:
    table = markdown_table(("a", "b"), [(1, None), ("x", 0.5)])
    assert table == "| a | b |\n| --- | --- |\n| 1 | not measured |\n| x | 0.5 |"


def test_a_page_holds_goals_tables_and_machine() -> None:
    report = Report(
        "startup",
        "Two processes.",
        [Table("Times", "In turns.", ("what", "ms"), [("start", 1.5)])],
        [Goal("ratio", 1.2, 1.5)],
    )
    page = report.markdown({"CPU": "one"})
    for part in ("# startup", "Two processes.", "| ratio | 1.2 | at most 1.5 | yes |"):
        assert part in page
    assert "| start | 1.5 |" in page
    assert page.rstrip().endswith("| CPU | one |")
