from pathlib import Path

import pytest

from benchmarks import windows
from benchmarks.model import open_model
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytest.importorskip("onnx")
from tests.bundles import make_bundle

pytestmark = pytest.mark.slow


def test_windows_change_nothing(options: Options) -> None:
    report = windows.run(options)
    check(report, options)
    found = rows_of(report, "Difference from one shot")
    assert {row["windows"] for row in found} == {"as advised", "short ones"}
    assert report.goals[0].met is True
    assert rows_of(report, "Streams")


def test_a_context_that_is_too_short_is_seen(options: Options, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "short", context_frames=1)
    rows = windows.differences(open_model(bundle, options), (4.3,))
    assert max(row[-1] for row in rows) > windows.LARGEST_DIFFERENCE
