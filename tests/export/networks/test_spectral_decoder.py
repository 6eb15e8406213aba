import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.compact import CompactConfig, CompactConverter
from export.networks.spectral_decoder import LatentNoise


def test_noise_from_a_latent_is_white_and_its_own() -> None:
    latent = torch.randn(1, 128, 80, generator=torch.Generator().manual_seed(1))
    made = LatentNoise(128, 256)
    noise = made(latent)[0, 0]
    assert float(noise.var()) == pytest.approx(1.0, rel=0.02)
    spectrum = torch.fft.rfft(noise).abs() ** 2 / len(noise)
    bands = spectrum[: 8 * (len(spectrum) // 8)].unflatten(0, (8, -1)).mean(1)
    assert bands.min() > 0.9
    assert bands.max() < 1.1
    for lag in (1, 256, 512):
        assert abs(float((noise[lag:] * noise[:-lag]).mean())) < 0.05
    assert torch.equal(made(latent)[0, 0], noise)


def test_what_is_rebuilt_lies_below_the_bandwidth() -> None:
    config = CompactConfig()
    decoder = CompactConverter(config).eval().dec
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(1, config.latent_channels, 60, generator=generator)
    tone = torch.randn(1, config.tone_dimension, 1, generator=generator)
    with torch.inference_mode():
        audio = decoder(latent, tone)
    assert audio.shape == (1, 1, 60 * config.hop_samples)
    spectrum = torch.fft.rfft(audio[0, 0] * torch.hann_window(audio.shape[2])).abs()
    edge = round((config.input_bandwidth_hz + 200) / config.sample_rate_hz * audio.shape[2])
    assert spectrum[edge:].max() < 0.01 * spectrum[:edge].max()


def test_filters_turn_pulses_and_noise_into_their_own_levels() -> None:
    config = CompactConfig()
    decoder = CompactConverter(config).eval().dec
    latent = torch.randn(1, config.latent_channels, 60, generator=torch.Generator().manual_seed(1))
    voiced = torch.ones(1, 1, 60)
    voiced[..., 30:] = 0
    pulses, noise = decoder.excitation(latent, torch.zeros(1, 1, 60), voiced)
    bins = decoder.bins
    filters = torch.zeros(1, 60 * config.filters_a_frame, 2 * bins)
    filters[..., :bins], filters[..., bins:] = 0.0, -2.3026
    audio = decoder.synthesise(filters, pulses, noise)[0, 0]
    band = config.input_bandwidth_hz / (config.sample_rate_hz / 2)
    sung, hissed = audio[: 28 * 256].square().mean(), audio[32 * 256 :].square().mean()
    assert float(sung) == pytest.approx(band * 1.01, rel=0.1)
    assert float(hissed) == pytest.approx(band * 0.01, rel=0.1)
