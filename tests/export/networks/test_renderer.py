import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.renderer import LatentNoise, Renderer, halves


@torch.inference_mode()
def test_noise_is_white_repeatable_and_moved_by_its_latent() -> None:
    noise = LatentNoise(80, 256)
    latent = torch.randn(1, 80, 200, generator=torch.Generator().manual_seed(1))
    made = noise(latent)
    assert torch.equal(made, noise(latent))
    assert float(made.var()) == pytest.approx(1, abs=0.05)
    power = torch.fft.rfft(made[0, 0]).abs() ** 2
    parts = torch.stack([part.mean() for part in power[1:].chunk(8)])
    assert float(parts.max() / parts.min()) < 1.2
    moved = noise(latent + 0.3 * torch.randn_like(latent))
    assert abs(float((made * moved).mean())) < 0.2


def test_halves_lie_a_quarter_frame_off() -> None:
    line = torch.arange(6.0)[None, None]
    assert halves(line)[0, 0, 1:-1].tolist() == [0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75,
                                                 4.25, 4.75]  # fmt: skip
    assert torch.equal(halves(torch.ones(1, 2, 3)), torch.ones(1, 2, 6))


@torch.inference_mode()
def test_an_untrained_renderer_gives_noise_the_envelope_that_it_is_told() -> None:
    renderer = Renderer(80, 2, 8, 2, 22050, 256, 512, 7300)
    frames = 200
    envelope = torch.linspace(0, -3, 80)[None, :, None].expand(1, 80, frames)
    unvoiced = torch.zeros(1, 1, frames)
    filters = renderer.filters(envelope, torch.zeros(1, 2, frames), unvoiced, unvoiced)
    noise = torch.randn(1, 1, frames * 256, generator=torch.Generator().manual_seed(1))
    made = renderer.synthesise(filters, torch.zeros_like(noise), noise)
    assert made.shape == noise.shape
    expected = torch.matmul(renderer.bins_of_bands, envelope)[0, :, 0]
    window = torch.hann_window(512)
    spectrum = torch.stft(made[:, 0], 512, 128, window=window, return_complex=True).abs() ** 2
    found = 0.5 * torch.log(spectrum[0].mean(1) / window.pow(2).sum())
    assert float((found - expected)[4:-4].abs().max()) < 0.3


@torch.inference_mode()
def test_what_is_learnt_of_the_last_heard_bin_holds_above() -> None:
    renderer = Renderer(80, 2, 8, 2, 22050, 256, 512, 7300)
    torch.nn.init.normal_(renderer.head.weight, std=0.1)
    zeros = torch.zeros(1, 1, 5)
    filters = renderer.filters(torch.zeros(1, 80, 5), torch.zeros(1, 2, 5), zeros, zeros)
    pulses = filters[0, : renderer.bins]
    last = renderer.heard_bins - 1
    assert torch.allclose(pulses[last:], pulses[last : last + 1].expand(len(pulses) - last, -1))
    assert not torch.allclose(pulses[last - 1], pulses[last])
