import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor
from torch.nn import functional

from export.networks.compact import CompactConfig, CompactModel
from training import eigenvoices
from training.coarticulation import CoarticulationStage
from training.loop import Run, Schedule, Stage
from training.recordings import PARALLEL, Recordings
from training.stages import ContentStage, ConversionStage, PitchStage, RenderingStage

CONFIG = replace(
    CompactConfig(),
    content_channels=16,
    content_blocks=1,
    pitch_channels=16,
    pitch_blocks=1,
    renderer_channels=16,
    renderer_blocks=1,
    units=6,
    coefficients=4,
    coarticulation_channels=8,
    coarticulation_blocks=1,
    tone_dimension=6,
)


@pytest.fixture
def model() -> CompactModel:
    torch.manual_seed(1)
    return CompactModel(CONFIG)


@pytest.fixture
def recordings(prepared: Path) -> Recordings:
    return Recordings(prepared, 1)


def gradients(stage: Stage) -> dict[str, bool]:
    """Which networks of a stage its loss moves."""
    terms = stage.terms()
    assert set(stage.weights) - set(terms) <= {"parallel"}
    assert all(bool(torch.isfinite(term)) for term in terms.values())
    weights = stage.weights
    torch.stack([weights[name] * terms[name] for name in terms if name in weights]).sum().backward()  # type: ignore[no-untyped-call]
    return {
        name: any(w.grad is not None and bool(w.grad.any()) for w in network.parameters())
        for name, network in stage.networks.items()
    }


def test_content_learns_units_and_features(
    model: CompactModel, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContentStage, "BATCH", 2)
    stage = ContentStage(model, recordings, torch.randn(6, 12), 12.0)
    assert gradients(stage) == {"content": True, "features": True}


def test_pitch_learns(
    model: CompactModel, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PitchStage, "BATCH", 2)
    assert gradients(PitchStage(model, recordings)) == {"pitch": True}


def test_rendering_learns_filters_breath_and_pitch(
    model: CompactModel, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RenderingStage, "BATCH", 2)
    monkeypatch.setattr(RenderingStage, "FRAMES", 30)
    torch.nn.init.normal_(model.converter.renderer.head.weight, std=0.01)
    moved = gradients(RenderingStage(model, recordings))
    assert moved == {"renderer": True, "breath": True, "pitch": True}


def test_coarticulation_explains_what_the_map_of_voices_does_not(
    model: CompactModel, recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CoarticulationStage, "BATCH", 4)
    monkeypatch.setattr(CoarticulationStage, "FRAMES", 60)
    eigenvoices.begin(model, eigenvoices.statistics(model, recordings))
    stage = CoarticulationStage(model, recordings)
    assert len(stage.halves) == 2 * len(recordings.rows)
    assert gradients(stage) == {"coarticulation": True}
    schedule = Schedule(steps=60, learning_rate=1e-2, warm_up_steps=1)
    run = Run(stage, schedule, tmp_path / "coarticulation.pt")
    left = [run.advance()["unexplained"] for _ in range(60)]
    assert sum(left[-10:]) < 0.9 * sum(left[:10])


def test_a_half_is_explained_by_the_voice_of_the_other(
    model: CompactModel, recordings: Recordings
) -> None:
    eigenvoices.begin(model, eigenvoices.statistics(model, recordings))
    stage = CoarticulationStage(model, recordings)
    first, second = stage.halves[:2]
    voices = model.converter.analysis.voices
    bands = voices.bands(second.cepstra.T[None])
    voice = model.tone_encoder.prior(voices, second.units[None], bands)[0]
    assert torch.allclose(first.voice, voice, atol=1e-3)
    assert not torch.allclose(second.voice, voice, atol=1e-2)


def listener(waveform: Tensor) -> list[Tensor]:
    """Seven layers of frame energies."""
    energy = waveform.unfold(1, 400, 400).square().mean(2, keepdim=True).add(1e-6).log()
    return [energy * (layer + 1) for layer in range(7)]


def critic(waveform: Tensor) -> Tensor:
    """A unit vector of a few spectral energies."""
    power = torch.fft.rfft(waveform).abs()[:, :4000].unflatten(1, (8, 500)).mean(2)
    return functional.normalize(power, dim=1)


def quality(waveform: Tensor) -> Tensor:
    """A score that falls with the loudest sample."""
    return 5 - waveform.abs().amax()


def test_conversions_teach_everything_that_a_conversion_is_made_of(
    model: CompactModel, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConversionStage, "BATCH", 2)
    monkeypatch.setattr(ConversionStage, "OWN_HEARD", 1)
    monkeypatch.setattr(ConversionStage, "FRAMES", 40)
    monkeypatch.setattr(ConversionStage, "REFERENCE_FRAMES", 40)
    eigenvoices.begin(model, eigenvoices.statistics(model, recordings))
    torch.nn.init.normal_(model.converter.renderer.head.weight, std=0.01)
    known = functional.normalize(torch.rand(3, 8), dim=1)
    stage = ConversionStage(model, recordings, listener, [critic], [known], quality)
    assert all(gradients(stage).values())
    assert not any(w.grad is not None for w in model.converter.analysis.pitch.parameters())


def test_parallel_speech_tells_what_a_conversion_should_have_been(
    model: CompactModel, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(2):
        shutil.copy(prepared / f"{index}-1-1.npz", tmp_path / f"1-00000{PARALLEL}{index}.npz")
    monkeypatch.setattr(ConversionStage, "BATCH", 2)
    monkeypatch.setattr(ConversionStage, "OWN_HEARD", 1)
    monkeypatch.setattr(ConversionStage, "FRAMES", 40)
    monkeypatch.setattr(ConversionStage, "REFERENCE_FRAMES", 40)
    for share in (0.0, 1.0):
        monkeypatch.setattr(ConversionStage, "PARALLEL_SHARE", share)
        recordings = Recordings(tmp_path, 1)
        eigenvoices.begin(model, eigenvoices.statistics(model, recordings))
        stage = ConversionStage(model, recordings, listener, [], [], quality)
        batch = stage.drawn()
        assert batch.parallel == bool(share) and batch.shift == 1
        assert sorted(batch.indices) == [0, 1]
        monkeypatch.setattr(stage, "critics", [critic])
        monkeypatch.setattr(stage, "embeddings", [functional.normalize(torch.rand(2, 8), dim=1)])
        terms = stage.terms()
        assert ("parallel" in terms) == bool(share)
    assert 0 < float(terms["parallel"].detach()) < 100


def test_eigenvoices_explain_the_speakers_that_they_were_made_of(
    model: CompactModel, recordings: Recordings
) -> None:
    found = eigenvoices.statistics(model, recordings)
    assert found.counts.shape == (3, 6) and found.sums.shape == (3, 6, 4)
    eigenvoices.begin(model, found)
    voices, prior = model.converter.analysis.voices, model.tone_encoder.prior
    away = found.sums / found.counts[:, :, None] - voices.mean.detach()
    with torch.inference_mode():
        voice = prior.solve(voices, found.counts, found.sums)
        guessed = torch.einsum("kcd,bd->bkc", voices.basis, voice[:, :, 0])
    # The first coefficient also holds how loud each recording is, which is nobody's voice.
    left = (away - guessed)[:, :, 1:].square().sum()
    assert float(left) < 0.6 * float(away[:, :, 1:].square().sum())


def test_embeddings_are_one_a_recording(recordings: Recordings) -> None:
    class Critic(torch.nn.Module):
        def forward(self, waveform: Tensor) -> Tensor:
            return critic(waveform)

    found = eigenvoices.embeddings(Critic(), recordings, seconds=2.0)
    assert found.shape == (3, 8)
    assert torch.allclose(found.norm(dim=1), torch.ones(3), atol=1e-5)


@torch.inference_mode()
def test_vocal_tracts_are_found_and_predicted_from_voices(model: CompactModel) -> None:
    voices, generator = model.converter.analysis.voices, torch.Generator().manual_seed(4)
    voices.mean.normal_(generator=generator)
    mean = voices.bands(voices.mean.T[None])
    # One voice is the mean one through a shorter vocal tract, as far as coefficients tell.
    stretched = voices.tract(mean, torch.full((1, 1, 1), 0.1))
    voices.basis.zero_()
    voices.basis[:, :, 0] = voices.cepstra(stretched - mean)[0].T
    known = torch.zeros(3, voices.basis.shape[2])
    known[1, 0] = 1.0
    weights = torch.ones(len(voices.mean))
    found = eigenvoices.tract_stretches(voices, known, weights)
    assert float(found[0]) == pytest.approx(float(found[2]))
    assert 0.05 < float(found[1] - found[0]) < 0.15
    direction = eigenvoices.regression(known, found)
    assert float(direction[0]) > 0 and not direction[1:].any()


def test_sources_are_distorted_as_often_as_told(
    model: CompactModel, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = ConversionStage(model, recordings, listener, [], [], quality)
    clean = torch.rand(3, 22050) - 0.5
    for share in (0.0, 1.0):
        monkeypatch.setattr(ConversionStage, "DISTORTED_SHARE", share)
        made = stage.distorted(clean)
        assert made.shape == clean.shape and bool(torch.isfinite(made).all())
        assert [bool((m != c).any()) for m, c in zip(made, clean, strict=True)] == [share > 0] * 3
