import pytest

from benchmarks import fairness
from benchmarks.model import Model
from benchmarks.options import Options

pytestmark = pytest.mark.slow


def test_short_requests_are_served_beside_long_ones(options: Options, model: Model) -> None:
    table, goal = fairness.measure(options, model)
    assert len(table.rows) == 3
    assert table.rows[2][-1] == fairness.LONG_REQUESTS
    assert goal.value is not None and goal.value > 0
