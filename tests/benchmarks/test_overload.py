import pytest

from benchmarks import overload
from benchmarks.model import Model
from benchmarks.options import Options

pytestmark = pytest.mark.slow


def test_some_are_served_and_some_refused(options: Options, model: Model) -> None:
    table, goals = overload.measure(options, model, 1.0)
    assert [row[0] for row in table.rows] == ["429", "200"]
    assert all(goal.value is not None for goal in goals)
