import pytest

from benchmarks import marking
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytest.importorskip("onnx")

pytestmark = pytest.mark.slow


def test_the_report_tells_marked_from_unmarked(options: Options) -> None:
    report = marking.run(options)
    check(report, options)
    marked = {row["what happens"]: row["read as marked"] for row in rows_of(report, "Marked")}
    assert set(marking.REQUIRED) <= set(marked)
    assert marked["untouched"] == 1.0
    assert all(row["read as marked"] == 0.0 for row in rows_of(report, "Not marked"))
