import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from training.augment import FLOOR, GAP_FRAMES, augmented, noisy, stretched, with_gaps


def test_stretching_moves_a_line_by_its_factor() -> None:
    magnitude = torch.zeros(513, 2)
    magnitude[100] = 1.0
    assert int(stretched(magnitude, 1.2)[:, 0].argmax()) == 120
    assert torch.allclose(stretched(magnitude, 1.0), magnitude)


def test_augmented_spectra_keep_their_shape_and_floor_and_differ() -> None:
    magnitude = torch.rand(8, 513, 20) + 1e-3
    made = augmented(magnitude, np.random.default_rng(1), warp=True)
    assert made.shape == magnitude.shape and bool(torch.isfinite(made).all())
    assert float(made.min()) >= 1e-3
    assert not torch.allclose(made, magnitude)
    assert torch.equal(made, augmented(magnitude, np.random.default_rng(1), warp=True))


def test_noise_lies_within_its_bounds() -> None:
    magnitude = torch.ones(513, 200)
    for seed in range(5):
        power = noisy(magnitude, np.random.default_rng(seed)).pow(2) - 1
        assert 3 - 1 < -10 * float(torch.log10(power.mean())) < 30 + 1


def test_gaps_blank_few_frames_and_bins_and_leave_the_rest() -> None:
    magnitude = torch.ones(16, 513, 60)
    made = with_gaps(magnitude, np.random.default_rng(1))
    assert bool((magnitude == 1).all())
    blank = made == FLOOR
    assert bool((blank | (made == 1)).all())
    assert int(blank.all(1).sum(1).max()) <= GAP_FRAMES
    assert 0 < float(blank.float().mean()) < 0.15
    assert bool(blank.all(1).any()) and bool(blank.all(2).any())
