import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from runtime.spectrogram import SpectrogramTransform
from tests.training.speech_like import vowel
from training.losses import SpectralLoss, divergence, magnitude, misheard, pitch_loss


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


def test_divergence_of_the_prior_itself_is_zero() -> None:
    draw = torch.randn(4, 64, 500, generator=torch.Generator().manual_seed(1))
    assert float(divergence(draw, torch.zeros_like(draw))) == pytest.approx(0, abs=0.01)
    assert float(divergence(2 * draw, torch.zeros_like(draw))) > 1


def test_pitch_counts_only_where_there_is_a_voice() -> None:
    true = torch.full((1, 1, 10), 5.0)
    voiced = torch.ones(1, 1, 10)
    voiced[..., 5:] = 0
    sure = torch.where(voiced > 0, 20.0, -20.0)
    wrong = true.clone()
    wrong[..., 5:] += 1
    assert float(pitch_loss(wrong, sure, true, voiced)) == pytest.approx(0, abs=1e-4)
    assert float(pitch_loss(true + 0.1, sure, true, voiced)) > 0.5
    assert float(pitch_loss(true, -sure, true, voiced)) > 5


def test_what_is_misheard_is_a_share_and_a_mean_over_layers() -> None:
    wanted = [torch.ones(1, 4, 3), torch.full((1, 4, 3), 10.0)]
    assert float(misheard(wanted, wanted)) == 0
    made = [torch.full((1, 4, 3), 1.5), torch.full((1, 4, 3), 9.0)]
    assert float(misheard(made, wanted)) == pytest.approx((0.5 + 0.1) / 2)
