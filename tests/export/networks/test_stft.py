import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.stft import InverseStft, Stft, minimum_phase


@pytest.mark.parametrize(("fft", "hop"), [(512, 128), (1024, 256)])
def test_every_bin_gives_the_waveform_back(fft: int, hop: int) -> None:
    waveform = torch.randn(2, 1, 20 * hop, generator=torch.Generator().manual_seed(1))
    bins = fft // 2 + 1
    back = InverseStft(fft, hop, bins)(*Stft(fft, hop, bins)(waveform))
    assert back.shape == waveform.shape
    assert (back - waveform).abs().max() < 1e-4


def test_a_pulse_at_a_window_s_centre_has_no_phase() -> None:
    waveform = torch.zeros(1, 1, 8 * 128)
    waveform[..., 4 * 128 + 64] = 1.0
    real, imaginary = Stft(512, 128, 186)(waveform)
    assert real[0, :, 4].min() > 0.99
    assert imaginary[0, :, 4].abs().max() < 1e-4


@pytest.mark.parametrize("zero", [0.7, -0.5])
def test_a_minimum_phase_filter_is_found_again_from_its_magnitude(zero: float) -> None:
    response = torch.fft.rfft(torch.tensor([1.0, -zero]), 512)
    phase = minimum_phase(512, 257) @ torch.log(response.abs())
    assert (phase - response.angle()).abs().max() < 1e-4


def test_bins_that_are_not_given_are_held() -> None:
    matrix = minimum_phase(512, 186)
    assert matrix.shape == (186, 186)
    assert (matrix @ torch.ones(186)).abs().max() < 1e-4
