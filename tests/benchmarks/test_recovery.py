import numpy as np
import pytest

from benchmarks import recovery
from benchmarks.options import Options
from benchmarks.recovery import Outage
from tests.benchmarks.check import check, rows_of


def answers(*rates: tuple[float, float, int]) -> list[float]:
    """Give times of answers: begin, end and answers a second of each part."""
    parts = [np.arange(begin, end - 1e-9, 1 / rate) for begin, end, rate in rates if rate]
    return [float(moment) for moment in np.concatenate(parts)]


def test_throughput_is_back_in_the_first_window_that_is_as_before() -> None:
    served = answers((0, 10, 20), (10, 11.5, 5), (11.5, 20, 20))
    outage = Outage(10.0, 20.0, served, refused=0, lost=3)
    assert outage.before == pytest.approx(20, rel=0.05)
    assert outage.rate(10.0, 11.0) == pytest.approx(5, abs=1)
    assert outage.back_after == pytest.approx(1.5, abs=0.11)


def test_throughput_that_never_dropped_is_back_at_once() -> None:
    assert Outage(10.0, 20.0, answers((0, 20, 20)), refused=0, lost=0).back_after < 0.2


def test_throughput_that_does_not_come_back_takes_all_the_time() -> None:
    served = answers((0, 10, 20), (10, 20, 10))
    assert Outage(10.0, 20.0, served, refused=0, lost=0).back_after == 10.0


@pytest.mark.slow
def test_a_process_is_killed_and_throughput_measured(options: Options) -> None:
    report = recovery.run(options)
    check(report, options)
    (row,) = rows_of(report, "Kills")
    assert isinstance(row["requests a second before"], float)
    assert row["requests a second before"] > 0
    assert row["requests lost"] is not None
    assert int(row["requests lost"]) <= recovery.CLIENTS
    assert row["requests refused"] == 0
