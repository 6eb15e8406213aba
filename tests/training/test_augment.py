import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from training.augment import augmented, noisy, stretched


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
