from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor

from export.networks.compact import CompactConfig, CompactConverter

CONFIG = CompactConfig(decoder_blocks=1, posterior_layers=1)


@pytest.fixture(scope="module")
def inputs() -> list[Tensor]:
    """Spectrogram, two tones and noise."""
    generator = torch.Generator().manual_seed(1)
    shapes = [(1, CONFIG.bins, 40), *[(1, CONFIG.tone_dimension, 1)] * 2]
    spectrogram, source, target = (torch.randn(*s, generator=generator) for s in shapes)
    noise = 0.3 * torch.randn(1, CONFIG.latent_channels, 40, generator=generator)
    return [spectrogram.abs() + 1e-3, source, target, noise]


def converter(emphasis: float) -> CompactConverter:
    torch.manual_seed(1)
    made = CompactConverter(replace(CONFIG, emphasis=emphasis)).eval()
    with torch.no_grad():
        # Untrained, its decoder's blocks are as yet deaf to the tone.
        for name, weight in made.dec.named_parameters():
            if name.endswith("modulation.weight"):
                torch.nn.init.normal_(weight)
    return made


@torch.inference_mode()
def test_emphasis_goes_past_the_target_on_the_line_from_the_source(inputs: list[Tensor]) -> None:
    spectrogram, source, target, noise = inputs
    emphasised = converter(0.25)(spectrogram, source, target, noise)
    further = target + 0.25 * (target - source)
    plain = converter(0.0)
    assert torch.allclose(emphasised, plain(spectrogram, source, further, noise), atol=1e-5)
    assert not torch.allclose(emphasised, plain(spectrogram, source, target, noise), atol=1e-3)


@torch.inference_mode()
def test_emphasis_leaves_a_speaker_s_own_voice_alone(inputs: list[Tensor]) -> None:
    spectrogram, source, _, noise = inputs
    plain, emphasised = (converter(e)(spectrogram, source, source, noise) for e in (0.0, 0.25))
    assert torch.allclose(plain, emphasised, atol=1e-6)
