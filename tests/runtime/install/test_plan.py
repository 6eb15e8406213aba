from __future__ import annotations

import numpy as np
import pytest

from runtime.install.errors import InvalidCheckpoint
from runtime.install.folding import normalised_weight
from runtime.install.plan import Folding, Recipe

TENSORS = {
    "a": np.arange(12, dtype=np.float32).reshape(6, 2),
    "b": np.ones((6, 2), np.float32),
    "w_g": np.array([[[2.0]], [[3.0]]], np.float32),
    "w_v": np.array([[[3.0, 4.0]], [[0.0, 2.0]]], np.float32),
}
SHAPES = {name: array.shape for name, array in TENSORS.items()}
FOLDING = Folding(SHAPES, TENSORS.__getitem__)


def test_a_tensor_is_taken_as_it_is() -> None:
    np.testing.assert_array_equal(FOLDING.weight(Recipe((("a",),))), TENSORS["a"])


def test_parts_are_joined_and_terms_added() -> None:
    recipe = Recipe((("a[4:6]", "b[0:2]"), ("a[0:1]",)))
    np.testing.assert_array_equal(FOLDING.weight(recipe), [[9, 10], [11, 12], [0, 1]])
    assert recipe.tensors() == {"a", "b"}


def test_weight_norm_is_multiplied_out() -> None:
    wanted = [[[1.2, 1.6]], [[0.0, 3.0]]]
    np.testing.assert_allclose(FOLDING.weight(Recipe((("w",),))), wanted, rtol=1e-7)
    assert FOLDING.stored("w") == ("w_g", "w_v")
    assert FOLDING.stored("a") == ("a",)


def test_a_direction_of_zeros_is_named() -> None:
    tensors = {**TENSORS, "w_v": np.zeros((2, 1, 2), np.float32)}
    with pytest.raises(InvalidCheckpoint, match="w_v: a channel's direction is all zeros"):
        Folding(SHAPES, tensors.__getitem__).weight(Recipe((("w",),)))
    with pytest.raises(ZeroDivisionError):
        normalised_weight(tensors["w_g"], tensors["w_v"])


def test_a_term_that_is_none() -> None:
    with pytest.raises(ValueError, match="is no term of a plan"):
        Recipe((("a[1:",),)).tensors()
