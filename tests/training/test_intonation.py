import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ, HIGHEST_HZ, LOWEST_HZ
from training.intonation import SPREAD_RATIOS, moved_pitch


def contour(f0_hz: torch.Tensor) -> torch.Tensor:
    """Pitches [frames] as the networks take them, [1, 1, frames]."""
    return torch.log(f0_hz / CENTRE_HZ)[None, None]


def test_a_contour_moves_to_another_speaker_s_level_and_spread() -> None:
    sung_hz = torch.tensor([90.0, 110.0, 130.0, 100.0])
    own = torch.stack([sung_hz.log().mean(), sung_hz.log().std()])[None]
    other = torch.tensor([[math.log(210.0), 1.2 * float(own[0, 1])]])
    moved = moved_pitch(contour(sung_hz), own, other)[0, 0] + math.log(CENTRE_HZ)
    assert float(moved.mean()) == pytest.approx(math.log(210.0), abs=1e-5)
    assert float(moved.std() / sung_hz.log().std()) == pytest.approx(1.2, rel=1e-4)


def test_a_contour_s_spread_and_range_are_bounded() -> None:
    sung_hz = torch.tensor([90.0, 110.0, 130.0])
    own = torch.tensor([[math.log(110.0), 0.15]])
    wild = moved_pitch(contour(sung_hz), own, torch.tensor([[math.log(110.0), 3.0]]))[0, 0]
    expected = SPREAD_RATIOS[1] * math.log(130 / 110)
    assert float(wild[2] - wild[1]) == pytest.approx(expected, rel=1e-4)
    for mean_hz, bound_hz in ((20.0, LOWEST_HZ), (2000.0, HIGHEST_HZ)):
        moved = moved_pitch(contour(sung_hz), own, torch.tensor([[math.log(mean_hz), 0.15]]))
        assert torch.allclose(torch.exp(moved) * CENTRE_HZ, torch.tensor(bound_hz))
