import pytest

from benchmarks import stages
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_every_stage_is_measured_alone_and_behind_http(options: Options) -> None:
    report = stages.run(options)
    check(report, options)
    alone = {row["stage"] for row in rows_of(report, "Stages")}
    assert {"decoding", "resampling", "spectrogram", "tone", "conversion", "WAV encoding"} <= alone
    served = {row["stage"] for row in rows_of(report, "Behind HTTP")}
    assert {"upload", "parse", "decode", "tone", "convert", "encode", "HTTP", "client"} <= served
    assert len(rows_of(report, "Formats")) == 5
    assert [goal.value is not None for goal in report.goals] == [True, True]
