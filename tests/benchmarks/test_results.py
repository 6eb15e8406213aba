import json
from pathlib import Path

from benchmarks.report import Goal, Plot, Report, Table
from benchmarks.results import write

REPORT = Report(
    "windows",
    "A clip.",
    [Table("Cost", "By length.", ("frames", "factor"), [(86, 0.123456), (172, None)])],
    [Goal("difference", 1e-6, 1e-4)],
    [Plot("cost", "Cost", "frames", "factor", {"tiny": [(86.0, 0.1), (172.0, 0.2)]})],
)


def test_json_keeps_every_digit_and_names_columns(tmp_path: Path) -> None:
    write(REPORT, {"CPU": "one"}, tmp_path)
    found = json.loads((tmp_path / "windows.json").read_text())
    assert found["environment"] == {"CPU": "one"}
    assert found["tables"][0]["rows"] == [
        {"frames": 86, "factor": 0.123456},
        {"frames": 172, "factor": None},
    ]
    assert found["goals"][0]["met"] is True


def test_page_and_plot_are_written_into_a_new_folder(tmp_path: Path) -> None:
    files = write(REPORT, {"CPU": "one"}, tmp_path / "new")
    assert {file.name for file in files} == {"windows.json", "windows.md", "cost.png"}
    assert "![Cost](cost.png)" in (tmp_path / "new" / "windows.md").read_text()
    picture = (tmp_path / "new" / "cost.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < 100_000
