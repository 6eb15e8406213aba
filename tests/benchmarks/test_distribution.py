import pytest

from benchmarks.distribution import COLUMNS, Distribution


def test_quantiles_are_those_of_the_times() -> None:
    found = Distribution.of([0.001 * index for index in range(101)])
    assert found.runs == 101
    assert found.median == pytest.approx(0.050)
    assert found.p95 == pytest.approx(0.095)
    assert found.p99 == pytest.approx(0.099)
    assert found.spread == pytest.approx(0.050)


def test_one_time_is_a_distribution() -> None:
    assert Distribution.of([0.2]) == Distribution(1, 0.2, 0.2, 0.2, 0.0)


def test_cells_go_with_their_columns() -> None:
    cells = Distribution.of([0.002]).milliseconds
    assert dict(zip(COLUMNS, cells, strict=True)) == {
        "median ms": 2.0,
        "p95 ms": 2.0,
        "p99 ms": 2.0,
        "spread ms": 0.0,
        "runs": 1,
    }
