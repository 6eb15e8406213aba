import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from runtime.spectrogram import SpectrogramTransform
from tests.training.speech_like import vowel
from training.losses import SpectralLoss, magnitude, misheard, mistaken


def test_magnitude_is_the_runtimes_spectrogram() -> None:
    waveform = vowel(130.0, 1.0)[: 256 * 40]
    expected = SpectrogramTransform(22050, 1024, 256, 11025.0)(waveform)
    padded = torch.from_numpy(np.pad(waveform, 384, mode="reflect"))[None]
    made = magnitude(padded, torch.hann_window(1024), 256)[0].numpy()
    assert made.shape == expected.shape
    assert np.abs(made - expected).max() <= 1e-4 * expected.max()


def test_spectral_loss_is_zero_for_equals_and_grows_with_pitch_and_level() -> None:
    loss = SpectralLoss(8000.0)
    wave = torch.from_numpy(vowel(130.0, 1.0))[None]
    other = torch.from_numpy(vowel(190.0, 1.0))[None]
    assert float(loss(wave, wave)) == 0
    assert float(loss(0.5 * wave, wave)) > 0.1
    assert float(loss(other, wave)) > float(loss(0.9 * wave, wave))


def test_what_is_misheard_is_a_share_and_a_mean_over_layers() -> None:
    wanted = [torch.ones(1, 4, 3), torch.full((1, 4, 3), 10.0)]
    assert float(misheard(wanted, wanted)) == 0
    made = [torch.full((1, 4, 3), 1.5), torch.full((1, 4, 3), 9.0)]
    assert float(misheard(made, wanted)) == pytest.approx((0.5 + 0.1) / 2)


def test_a_conversion_has_to_be_near_the_target_and_away_from_the_source() -> None:
    target, source = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    between = torch.tensor([[0.8, 0.6]])
    assert float(mistaken(target, target, source, 0.25)) == 0
    assert float(mistaken(source, target, source, 0.25)) == pytest.approx(1 + 1.25)
    assert float(mistaken(between, target, source, 0.25)) == pytest.approx(0.2 + 0.05, abs=1e-6)
    assert float(mistaken(between, target, source, 0.1)) == pytest.approx(0.2, abs=1e-6)
