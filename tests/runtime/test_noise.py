import numpy as np
import pytest

from runtime.noise import SEEDS, draw_noise, fresh_seed


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (5, 300), (255, 257), (256, 512), (700, 900)])
def test_windows_see_the_same_noise(start: int, stop: int) -> None:
    whole = draw_noise(7, 3, 0, 1000, 1.0)
    assert whole.shape == (3, 1000)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(draw_noise(7, 3, start, stop, 1.0), whole[:, start:stop])


def test_it_is_standard_normal_times_the_temperature() -> None:
    noise = draw_noise(1, 192, 0, 2560, 0.3)
    assert abs(float(noise.mean())) < 0.002
    assert abs(float(noise.std()) - 0.3) < 0.002
    across = np.corrcoef(noise[:, :256].ravel(), noise[:, 256:512].ravel())[0, 1]
    assert abs(across) < 0.02


def test_zero_temperature_is_zeros() -> None:
    assert not draw_noise(1, 4, 0, 600, 0.0).any()


@pytest.mark.parametrize("seed", [0, 1, 2**32, SEEDS - 1])
def test_seeds_differ_and_repeat(seed: int) -> None:
    first = draw_noise(seed, 2, 0, 300, 1.0)
    np.testing.assert_array_equal(first, draw_noise(seed, 2, 0, 300, 1.0))
    assert not np.array_equal(first, draw_noise((seed + 1) % SEEDS, 2, 0, 300, 1.0))


def test_fresh_seeds_are_in_range() -> None:
    seeds = {fresh_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < SEEDS for seed in seeds)
