import numpy as np
import pytest

from runtime.tau import blend_tones, tone_weight

CURVE = ((0.0, 0.0), (0.2, 0.1), (0.5, 0.7), (1.0, 1.0))


@pytest.mark.parametrize(
    ("tau", "weight"), [(0.0, 0.0), (0.1, 0.05), (0.2, 0.1), (0.35, 0.4), (0.5, 0.7), (1.0, 1.0)]
)
def test_points_are_joined_by_lines(tau: float, weight: float) -> None:
    assert tone_weight(tau, CURVE) == pytest.approx(weight)


def test_tones_are_blended() -> None:
    source = np.array([1.0, 0.0], np.float32)
    target = np.array([0.0, 2.0], np.float32)
    np.testing.assert_array_equal(blend_tones(source, target, 0.0), source)
    np.testing.assert_array_equal(blend_tones(source, target, 1.0), target)
    half = blend_tones(source, target, 0.5)
    np.testing.assert_array_equal(half, np.array([0.5, 1.0], np.float32))
    assert half.dtype == np.float32
