from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from training.recordings import HOP_SAMPLES, MARGIN_SAMPLES, Recordings


def test_a_batch_has_the_shapes_it_promises(prepared: Path) -> None:
    batch = Recordings(prepared, seed=1).batch(4, 33, identity_share=0.5)
    assert batch.source.shape == (4, 33 * HOP_SAMPLES + 2 * MARGIN_SAMPLES)
    assert batch.target.shape == batch.source.shape
    assert batch.source_reference.shape == batch.target_reference.shape
    assert batch.source_teacher.shape == (4, 256)
    assert batch.target_log_f0.shape == (4, 2)
    assert batch.contour_hz.shape == (4, 1, 33)


def test_identity_items_are_one_recording(prepared: Path) -> None:
    batch = Recordings(prepared, seed=1).batch(8, 20, identity_share=1.0)
    assert torch.equal(batch.source, batch.target)
    assert torch.equal(batch.source_teacher, batch.target_teacher)


def test_parallel_items_are_two_voices_of_one_speaker(prepared: Path) -> None:
    recordings = Recordings(prepared, seed=1)
    batch = recordings.batch(8, 20, identity_share=0.0)
    assert not torch.isclose(batch.source_log_f0[:, 0], batch.target_log_f0[:, 0]).any()
    pairs = {
        (round(s, 3), round(t, 3))
        for s, t in zip(
            batch.source_log_f0[:, 0].exp().tolist(),
            batch.target_log_f0[:, 0].exp().tolist(),
            strict=True,
        )
    }
    voices = [{110.0, 160.0}, {210.0, 140.0}]
    assert all({s, t} in voices for s, t in pairs)


def test_the_seed_decides_the_batch(prepared: Path) -> None:
    batches = [Recordings(prepared, seed).batch(4, 20, 0.5).source for seed in (3, 3, 4)]
    assert torch.equal(batches[0], batches[1])
    assert not torch.equal(batches[0], batches[2])


def test_noise_is_heard_and_never_learnt(prepared: Path) -> None:
    clean, noisy = (Recordings(prepared, seed=1).batch(4, 20, 1.0, share) for share in (0.0, 1.0))
    assert torch.equal(clean.source, clean.target)
    ratio = noisy.target.pow(2).mean(1) / (noisy.source - noisy.target).pow(2).mean(1)
    assert ((ratio > 10**1.19) & (ratio < 10**3.51)).all()


def test_the_contour_is_the_targets_and_silent_where_it_is_unvoiced(prepared: Path) -> None:
    batch = Recordings(prepared, seed=2).batch(16, 60, identity_share=0.0)
    for contour, log_f0 in zip(batch.contour_hz[:, 0], batch.target_log_f0[:, 0], strict=True):
        voiced = contour[contour > 0]
        assert torch.allclose(voiced, log_f0.exp(), rtol=1e-3)
    shares = (batch.contour_hz > 0).float().mean(2)
    assert (shares < 1).any() and (shares > 0).any()
