import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.envelope import (
    SMOOTHING_HZ,
    Envelope,
    band_centres_hz,
    cosine_basis,
    interpolation,
    smoothing,
)

RATE_HZ, FFT, BANDS = 22050, 1024, 80


def spectrogram(waveform: torch.Tensor) -> torch.Tensor:
    window = torch.hann_window(FFT)
    return torch.stft(waveform[None], FFT, 256, window=window, return_complex=True).abs()


def test_white_noise_of_variance_one_has_a_gain_of_one() -> None:
    noise = torch.randn(20 * RATE_HZ, generator=torch.Generator().manual_seed(1))
    magnitude = spectrogram(noise)
    level = torch.full((1, 1, magnitude.shape[2]), math.log(150.0))
    envelope = Envelope(BANDS, FFT, RATE_HZ)(magnitude, level, torch.zeros_like(level))
    inner = envelope[:, 3:-3].mean()
    # The mean logarithm of a smoothed power lies a little below that of its mean.
    assert -0.2 < float(inner) < 0.02


@pytest.mark.parametrize("pitch_hz", [100.0, 180.0, 300.0])
def test_a_flat_pulse_train_has_a_flat_envelope_at_any_pitch(pitch_hz: float) -> None:
    time = torch.arange(RATE_HZ) / RATE_HZ
    numbers = torch.arange(1, int(10500 / pitch_hz))
    amplitude = 2 * math.sqrt(pitch_hz / RATE_HZ)
    pulses = amplitude * torch.cos(2 * math.pi * pitch_hz * numbers[:, None] * time).sum(0)
    magnitude = spectrogram(pulses)[..., 10:-10]
    level = torch.full((1, 1, magnitude.shape[2]), math.log(pitch_hz))
    envelope = Envelope(BANDS, FFT, RATE_HZ)(magnitude, level, torch.ones_like(level))
    centres = band_centres_hz(BANDS, RATE_HZ / 2)
    heard = envelope[0, (centres > 1.5 * pitch_hz) & (centres < 8000)]
    assert float(heard.abs().max()) < 0.35
    assert float(heard.std()) < 0.1


def test_smoothing_rows_sum_to_one_and_widen() -> None:
    narrow, wide = (smoothing(BANDS, FFT, RATE_HZ, width) for width in (70.0, 400.0))
    for matrix in (narrow, wide):
        assert torch.allclose(matrix.sum(1), torch.ones(BANDS))
    assert bool(((wide > 0).sum(1) >= (narrow > 0).sum(1)).all())


def test_interpolation_meets_the_bands_and_never_overshoots() -> None:
    matrix = interpolation(BANDS, 512, RATE_HZ)
    assert torch.allclose(matrix.sum(1), torch.ones(257), atol=1e-5)
    assert float(matrix.min()) == 0


def test_the_cosine_basis_is_orthonormal() -> None:
    basis = cosine_basis(28, 65)
    assert torch.allclose(basis @ basis.T, torch.eye(28), atol=1e-5)


def test_groups_of_bands_see_all_that_their_bands_weigh() -> None:
    envelope = Envelope(BANDS, FFT, RATE_HZ)
    whole = torch.stack([smoothing(BANDS, FFT, RATE_HZ, width) for width in SMOOTHING_HZ])
    found = []
    for index, (first, end) in enumerate(envelope.reaches):
        weights = envelope.get_buffer(f"weights_{index}")
        weights = torch.unflatten(weights, 0, (len(SMOOTHING_HZ), -1))
        found.append(torch.nn.functional.pad(weights, (first, FFT // 2 + 1 - end)))
    assert torch.equal(torch.cat(found, 1), whole)
    assert sum(end - first for first, end in envelope.reaches) < 2 * (FFT // 2 + 1)
