from pathlib import Path

import numpy as np
import pytest

from benchmarks import windows
from benchmarks.model import open_model
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytest.importorskip("onnx")
from tests.bundles import make_bundle

pytestmark = pytest.mark.slow


def test_differences_are_shares_of_the_peak() -> None:
    signal = np.sin(np.arange(1000, dtype=np.float32))
    other = 4 * signal
    other[7] += 1
    assert windows.difference_of_peak(4 * signal, other) == pytest.approx(0.25, abs=1e-3)


def test_windows_change_nothing(options: Options) -> None:
    report = windows.run(options)
    check(report, options)
    found = rows_of(report, "Difference from the whole clip")
    assert {row["windows"] for row in found} == {"default", "short"}
    assert report.goals[0].met is True
    assert rows_of(report, "Streams")


def test_a_context_that_is_too_short_is_seen(options: Options, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "short", context_frames=1)
    rows = windows.differences(open_model(bundle, options), (4.3,))
    assert max(row[-1] for row in rows) > windows.LARGEST_DIFFERENCE
