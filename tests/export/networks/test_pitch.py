import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ
from export.networks.pitch import CANDIDATES, PitchTracker, candidates_hz, pitch_loss


@pytest.fixture
def tracker() -> PitchTracker:
    torch.manual_seed(1)
    return PitchTracker(1024, 22050, 16, 1).eval()


def test_candidates_are_evenly_spaced_in_log_frequency() -> None:
    steps = torch.log(candidates_hz()).diff()
    assert float(candidates_hz()[0]) == pytest.approx(50)
    assert float(candidates_hz()[-1]) == pytest.approx(600)
    assert float(steps.std()) < 1e-6


@torch.inference_mode()
def test_a_pitch_is_read_between_the_candidates_about_the_best(tracker: PitchTracker) -> None:
    place = 40.3
    logits = -0.5 * (torch.arange(CANDIDATES) - place) ** 2
    logits[5] = -0.5  # a rival an octave and more below, almost as good
    scores = (logits.expand(1, 3, CANDIDATES), torch.ones(1, 3, 1), torch.zeros(1, 3, 16))
    tracker.scores = lambda spectrogram: scores  # type: ignore[method-assign]
    level, voiced, _ = tracker(torch.ones(1, 513, 3))
    span = math.log(600 / 50) / (CANDIDATES - 1)
    assert level[0, 0, 0].item() + math.log(CENTRE_HZ) == pytest.approx(
        math.log(50) + place * span, abs=0.1 * span
    )
    assert voiced.tolist() == [[[1.0, 1.0, 1.0]]]


def test_the_loss_is_least_where_the_pitch_is_right_and_ignores_it_where_unvoiced() -> None:
    contour = torch.tensor([[100.0, 0.0]])
    place = math.log(2) / math.log(12) * (CANDIDATES - 1)
    right = -0.5 * (torch.arange(CANDIDATES) - place) ** 2
    wrong = right.roll(20)
    sure = torch.tensor([[[20.0], [-20.0]]])
    best = pitch_loss(torch.stack([right, wrong])[None], sure, contour)
    assert float(best) < float(pitch_loss(torch.stack([wrong, wrong])[None], sure, contour)) - 1
    assert float(best) < float(pitch_loss(torch.stack([right, wrong])[None], -sure, contour)) - 1
    assert float(best) == pytest.approx(
        float(pitch_loss(torch.stack([right, right])[None], sure, contour)), abs=1e-5
    )
