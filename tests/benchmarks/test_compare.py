from dataclasses import replace

import pytest

from benchmarks.options import Options

pytest.importorskip("torch")
from benchmarks import compare
from tests.benchmarks.check import check, rows_of

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_every_contender_runs_the_official_size(options: Options) -> None:
    report = compare.run(replace(options, models=(), official=True))
    check(report, options)
    found = {row["contender"]: row for row in rows_of(report, "Contenders")}
    assert list(found) == [compare.EAGER, compare.NAIVE, compare.OURS, compare.OURS_INT8]
    assert found[compare.EAGER]["times PyTorch's speed"] == 1.0
    ours = found[compare.OURS]["SNR dB"]
    assert isinstance(ours, float) and ours > 60
    assert len(report.goals) == 4
