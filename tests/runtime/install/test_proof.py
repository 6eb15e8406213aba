from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runtime import DEFAULT_MODEL, VoiceCloner, Waveform
from runtime.install import proof
from runtime.install.errors import ProofFailed
from runtime.install.proof import WARNING_DB, Proof, log_mel_distance_db, mel_filters, prove
from runtime.spectrogram import SpectrogramTransform

TRANSFORM = SpectrogramTransform(22050, 1024, 256, 8000.0)


@pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no compact model here")
def test_a_trained_model_passes_without_a_warning() -> None:
    proven = prove(VoiceCloner.load(DEFAULT_MODEL, provider="cpu"))
    assert 0 < proven.distance_db < WARNING_DB / 2
    assert proven.warning is None
    assert proven.figures()["warning"] is None


def test_what_is_far_from_its_source_is_warned_of() -> None:
    assert "may not be a trained converter's" in str(Proof(WARNING_DB + 1, -20).warning)
    assert "may not be" in str(Proof(float("nan"), -20).warning)


@pytest.mark.parametrize(("value", "words"), [(0.0, "is silent"), (np.nan, "is not finite")])
def test_output_that_is_no_audio_is_refused(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch, value: float, words: str
) -> None:
    def convert(self: VoiceCloner, source: Waveform, *tones: object, **options: object) -> Waveform:
        return np.full_like(source, value)

    monkeypatch.setattr(VoiceCloner, "convert", convert)
    with pytest.raises(ProofFailed, match=words):
        prove(VoiceCloner.load(model_folder, provider="cpu"))


def test_filters_cover_every_band_and_average() -> None:
    filters = mel_filters(TRANSFORM)
    assert filters.shape == (80, 513)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-5)
    assert not filters[:, 373:].any(), "nothing above 8 kHz counts"
    assert (np.diff(filters.argmax(axis=1)) >= 0).all()


def test_the_distance_is_the_level_where_only_that_differs(model_folder: Path) -> None:
    cloner = VoiceCloner.load(model_folder, provider="cpu")
    source = cloner.decode(proof.SAMPLE.read_bytes())[:40000]
    assert log_mel_distance_db(source, source, cloner) == 0
    quieter = log_mel_distance_db(source, source / np.float32(2), cloner)
    assert quieter == pytest.approx(6.02, abs=0.5)
    noise = np.random.default_rng(0).normal(0, 0.1, len(source)).astype(np.float32)
    assert log_mel_distance_db(source, noise, cloner) > WARNING_DB
