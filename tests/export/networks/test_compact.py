from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor

from export.networks.compact import (
    PITCH_SCALE,
    CompactConfig,
    CompactModel,
    ToneEncoder,
    moved_pitch,
)
from export.networks.filters import mel_filters

CONFIG = replace(
    CompactConfig(),
    content_channels=16,
    content_blocks=2,
    pitch_channels=16,
    pitch_blocks=1,
    renderer_channels=16,
    renderer_blocks=2,
    units=8,
)


@pytest.fixture(scope="module")
def model() -> CompactModel:
    torch.manual_seed(1)
    return CompactModel(CONFIG).eval()


@pytest.fixture(scope="module")
def inputs() -> list[Tensor]:
    """Spectrogram, two tones and noise."""
    generator = torch.Generator().manual_seed(1)
    shapes = [(1, 513, 40), *[(1, CONFIG.tone_dimension, 1)] * 2]
    spectrogram, source, target = (torch.randn(*s, generator=generator) for s in shapes)
    noise = 0.3 * torch.randn(1, CONFIG.latent_channels, 40, generator=generator)
    return [spectrogram.abs() + 1e-3, source, target, noise]


@torch.inference_mode()
def test_equal_tones_change_nothing_whatever_they_are(
    model: CompactModel, inputs: list[Tensor]
) -> None:
    spectrogram, source, target, noise = inputs
    own, phase = model.converter(spectrogram, source, source, noise)
    assert own.shape == (1, 1, 40 * 256)
    assert phase.shape == (1, 1, 40)
    same, _ = model.converter(spectrogram, target, target, noise)
    other, _ = model.converter(spectrogram, source, target, noise)
    assert torch.allclose(own, same, atol=1e-4)
    assert not torch.allclose(own, other, atol=1e-3)


@torch.inference_mode()
def test_bands_above_what_was_heard_follow_the_last_that_was(
    model: CompactModel, inputs: list[Tensor]
) -> None:
    _, source, target, _ = inputs
    units = torch.softmax(torch.randn(1, 40, CONFIG.units), 2)
    envelope = torch.zeros(1, CONFIG.bands, 40)
    log_f0, voiced = 0.1 * torch.randn(1, 1, 40), torch.ones(1, 1, 40)
    moved = model.converter.moved_envelope(envelope, units, log_f0, voiced, source, target)
    last = CONFIG.heard_bands - 1
    assert torch.equal(
        moved[:, last:], moved[:, last : last + 1].expand(-1, CONFIG.bands - last, -1)
    )


def test_a_contour_takes_the_targets_level_and_within_bounds_its_spread() -> None:
    contour = torch.tensor([[[-0.1, 0.0, 0.1]]])
    source = torch.tensor([[[0.0], [0.0]]])
    target = torch.tensor([[[2.0], [5.0]]])
    moved = moved_pitch(contour, source, target)
    assert torch.allclose(moved, 1.4 * contour + 2 * PITCH_SCALE, atol=1e-5)
    assert torch.allclose(moved_pitch(contour, target, target), contour, atol=1e-6)


def test_a_tone_tells_level_and_spread_where_there_is_a_voice() -> None:
    log_f0 = torch.tensor([[[0.1, 0.3, 9.0]]])
    voiced = torch.tensor([[[1.0, 1.0, 0.0]]])
    level, spread = ToneEncoder.pitch(log_f0, voiced)[0, :, 0]
    assert float(level) == pytest.approx(0.2 / PITCH_SCALE, abs=0.01)
    assert float(torch.exp(spread)) == pytest.approx(1, abs=0.1)
    assert bool(torch.isfinite(ToneEncoder.pitch(log_f0, 0 * voiced)).all())


@torch.inference_mode()
def test_tones_of_short_and_silent_clips_are_finite(model: CompactModel) -> None:
    for frames in (1, 7):
        tone = model.tone_encoder(torch.full((2, 513, frames), 1e-3))
        assert tone.shape == (2, CONFIG.tone_dimension, 1) and bool(torch.isfinite(tone).all())


def test_each_network_uses_every_weight_that_it_has(
    model: CompactModel, inputs: list[Tensor]
) -> None:
    spectrogram, source, target, noise = inputs
    # The stretch from tract to tract takes part in conversions alone.
    for network, given, others in (
        (model.tone_encoder, (spectrogram,), ("analysis.pitch", "voices.tract")),
        (model.converter, (spectrogram, source, target, noise), ("analysis.pitch",)),
    ):
        model.zero_grad()
        found = network(*given)
        output = found if isinstance(found, Tensor) else found[0]
        output.square().sum().backward()
        # Pitch and voicing are decided, so that no gradient reaches what they are read off.
        unused = [name for name, weight in network.named_parameters() if weight.grad is None]
        assert not [name for name in unused if not any(other in name for other in others)]


def test_mel_filters_sum_to_one_and_none_is_empty() -> None:
    filters = mel_filters(22050, 1024, 80, 7300)
    assert torch.allclose(filters.sum(1), torch.ones(80), atol=1e-5)
    assert filters.shape == (80, 513)
