from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import checks
from export.eager import EagerGraph
from tests.export.toys import CONVERTER_INTERFACE, HOP, WholeClipConverter, toys


def test_a_window_is_the_whole_where_its_context_is_enough() -> None:
    graph = EagerGraph(toys()[1], CONVERTER_INTERFACE)
    assert checks.compare_window(graph, 2, HOP).passed
    assert not checks.compare_window(graph, 1, HOP).passed


def test_a_network_over_the_whole_clip_has_no_windows() -> None:
    torch.manual_seed(0)
    graph = EagerGraph(WholeClipConverter().eval(), CONVERTER_INTERFACE)
    assert not checks.compare_window(graph, 20, HOP).passed


@pytest.mark.parametrize("found", [np.zeros((1, 2)), np.array([[1.0, np.nan]])])
def test_other_shapes_and_no_numbers_never_pass(found: np.ndarray) -> None:
    check = checks.compare("x", found.astype(np.float32), np.zeros((1, 3), np.float32), 1e9)
    assert not check.passed


def test_the_largest_difference_is_told_and_every_check_announced() -> None:
    done = [checks.Check("a", 1e-6, 1e-5), checks.Check("b", 3e-6, 1e-5)]
    lines: list[str] = []
    assert checks.require(done, lines.append) == 3e-6
    assert lines == ["a: 1.0e-06 of 1e-05", "b: 3.0e-06 of 1e-05"]
