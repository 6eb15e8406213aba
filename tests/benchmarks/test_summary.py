from pathlib import Path

from benchmarks.report import Goal, Report
from benchmarks.results import write
from benchmarks.summary import summarise

STAGES = Report("stages", "", [], [Goal("factor", 0.01, 0.02)])
MEMORY = Report("memory", "", [], [Goal("growth", 20.0, 15.0, "%")])


def test_every_goal_stands_on_one_page(tmp_path: Path) -> None:
    for report in (MEMORY, STAGES):
        write(report, {}, tmp_path)
    page = summarise(["stages", "http", "memory"], tmp_path).read_text()
    stages, memory = (page.index(f"| [{name}]({name}.md)") for name in ("stages", "memory"))
    assert stages < memory
    assert "| [stages](stages.md) | factor | 0.01 | at most 0.02 | yes |" in page
    assert "| [memory](memory.md) | growth | 20 % | at most 15 % | no |" in page
    assert "http" not in page


def test_a_benchmark_that_is_run_again_changes_its_own_rows_alone(tmp_path: Path) -> None:
    for report in (STAGES, MEMORY, Report("stages", "", [], [Goal("factor", None, 0.02)])):
        write(report, {}, tmp_path)
    page = summarise(["stages", "memory"], tmp_path).read_text()
    assert "| factor | not measured | at most 0.02 | not measured |" in page
    assert "| growth | 20 % |" in page
