import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor

from export.networks.voices import (
    VocalTract,
    VoiceChange,
    VoiceMap,
    VoicePrior,
    conjugate_gradients,
)

UNITS, COEFFICIENTS, BANDS, DIMENSION = 6, 5, 12, 4


@pytest.fixture
def voices() -> VoiceMap:
    torch.manual_seed(1)
    made = VoiceMap(UNITS, COEFFICIENTS, BANDS, DIMENSION, 0.02)
    torch.nn.init.normal_(made.basis)
    torch.nn.init.normal_(made.mean)
    return made


@pytest.fixture
def prior() -> VoicePrior:
    made = VoicePrior(UNITS, COEFFICIENTS)
    torch.nn.init.constant_(made.log_precision, 6.0)
    return made


def one_unit_a_frame(frames: int) -> Tensor:
    order = torch.arange(frames) % UNITS
    shares: Tensor = torch.eye(UNITS)[order][None]
    return shares


def clip(voices: VoiceMap, units: Tensor, voice: Tensor) -> Tensor:
    return voices.bands(voices.expected(units, voice))


@torch.inference_mode()
def test_the_voice_that_made_a_clip_is_found_however_loud_it_is(
    voices: VoiceMap, prior: VoicePrior
) -> None:
    units, voice = one_unit_a_frame(60), torch.randn(1, DIMENSION, 1)
    bands = clip(voices, units, voice)
    assert torch.allclose(prior(voices, units, bands), voice, atol=0.02)
    assert torch.allclose(prior(voices, units, bands + 0.7), voice, atol=0.02)


@torch.inference_mode()
def test_nothing_heard_gives_the_mean_voice(voices: VoiceMap, prior: VoicePrior) -> None:
    units = torch.zeros(1, 10, UNITS)
    assert torch.equal(
        prior(voices, units, torch.randn(1, BANDS, 10)), torch.zeros(1, DIMENSION, 1)
    )


@torch.inference_mode()
def test_little_speech_is_believed_less(voices: VoiceMap, prior: VoicePrior) -> None:
    prior.log_precision.fill_(-3.0)
    voice = torch.randn(1, DIMENSION, 1)
    sizes = []
    for frames in (6, 60, 600):
        units = one_unit_a_frame(frames)
        sizes.append(float(prior(voices, units, clip(voices, units, voice)).norm()))
    assert sizes == sorted(sizes) and sizes[0] < 0.9 * float(voice.norm())


@torch.inference_mode()
def test_a_change_of_voice_is_linear(voices: VoiceMap) -> None:
    units, change = one_unit_a_frame(12), torch.randn(1, DIMENSION, 1)
    one, other = torch.zeros(1, DIMENSION, 1), torch.randn(1, DIMENSION, 1)
    added = voices.expected(units, one + change) - voices.expected(units, one)
    assert added.abs().max() > 0.1
    twice = voices.expected(units, other + 2 * change) - voices.expected(units, other)
    assert torch.allclose(twice, 2 * added, atol=1e-4)


@torch.inference_mode()
def test_an_envelope_stays_for_the_same_voice_and_fades_for_another(voices: VoiceMap) -> None:
    units, bands = one_unit_a_frame(12), torch.randn(1, BANDS, 12)
    source, target = torch.randn(1, DIMENSION, 1), torch.randn(1, DIMENSION, 1)
    here, there = voices.expected(units, source), voices.expected(units, target)
    change = VoiceChange(COEFFICIENTS)
    change.gain.fill_(1.0)
    nothing = change(voices, bands, source - source, (here, here))
    assert torch.equal(nothing, torch.zeros(1, BANDS, 12))
    change.fade.fill_(-100.0)
    kept = change(voices, bands, target - source, (here, there))
    assert torch.allclose(kept, voices.bands(there - here), atol=1e-5)
    change.fade.fill_(100.0)
    change.NEAR = 0.0
    moved = voices.cepstra(bands + change(voices, bands, target - source, (here, there)))
    # Nothing of the source is left but its loudness.
    assert torch.allclose(moved[:, 1:], there[:, 1:], atol=1e-4)
    assert not torch.allclose(moved[:, 0], there[:, 0], atol=1e-2)


@torch.inference_mode()
def test_a_shorter_vocal_tract_moves_a_formant_up() -> None:
    spacing, bands = 0.03, 60
    tract = VocalTract(DIMENSION, bands, spacing)
    place = torch.arange(bands).float()
    formant = torch.exp(-((place - 25) ** 2) / 8)[None, :, None].repeat(1, 1, 3)
    nothing, some = torch.zeros(1, 1, 1), torch.full((1, 1, 1), 0.12)
    assert torch.equal(tract(formant, nothing), formant)
    moved = tract(formant, some)[0, :, 0]
    hertz = torch.expm1(place * spacing)
    wanted = math.exp(0.12) * float(hertz[25])
    assert abs(float(hertz[int(moved.argmax())]) - wanted) < 0.05
    tract.direction.fill_(100.0)
    assert tract.stretch(torch.ones(1, DIMENSION, 1)).item() == pytest.approx(tract.LONGEST)


def test_conjugate_gradients_solve_and_stay_finite_once_solved() -> None:
    generator = torch.Generator().manual_seed(3)
    root = torch.randn(2, 8, 8, generator=generator)
    matrix = root @ root.transpose(1, 2) + torch.eye(8)
    wanted = torch.randn(2, 8, 1, generator=generator)
    found = conjugate_gradients(matrix, wanted, 40)
    assert torch.allclose(matrix @ found, wanted, atol=1e-3)
    zero = torch.zeros_like(wanted)
    assert torch.equal(conjugate_gradients(matrix, zero, 5), zero)
