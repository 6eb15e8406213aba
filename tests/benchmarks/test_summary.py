from pathlib import Path

from benchmarks.report import Goal, Report
from benchmarks.summary import summarise


def test_every_goal_stands_on_one_page(tmp_path: Path) -> None:
    reports = [
        Report("stages", "", [], [Goal("factor", 0.01, 0.02)]),
        Report("memory", "", [], [Goal("growth", 20.0, 15.0, "%")]),
    ]
    page = summarise(reports, tmp_path).read_text()
    assert "| [stages](stages.md) | factor | 0.01 | at most 0.02 | yes |" in page
    assert "| [memory](memory.md) | growth | 20 % | at most 15 % | no |" in page
