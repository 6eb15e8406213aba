import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.coarticulation import PROSODY_CHANNELS, Coarticulation, prosody_of

UNITS, COEFFICIENTS = 6, 5


@torch.inference_mode()
def test_coarticulation_is_nothing_at_first_and_hears_the_frames_about() -> None:
    torch.manual_seed(2)
    network = Coarticulation(UNITS, COEFFICIENTS, 8, 2, 1)
    order = torch.arange(40) % UNITS
    units, expected = torch.eye(UNITS)[order][None], torch.randn(1, COEFFICIENTS, 40)
    prosody = torch.randn(1, PROSODY_CHANNELS, 40)
    assert torch.equal(network(units, expected, prosody), torch.zeros(1, COEFFICIENTS, 40))
    torch.nn.init.normal_(network.head.weight)
    before, others = network(units, expected, prosody), units.clone()
    others[:, 20] = 1 / UNITS
    changed = (network(others, expected, prosody) - before).abs().amax((0, 1)) > 0
    # Two kernels of seven frames, of which one ends a frame after its own and one at it.
    assert changed.nonzero()[:, 0].tolist() == list(range(19, 32))


def test_prosody_is_nobodys_level_and_no_recordings_loudness() -> None:
    torch.manual_seed(3)
    contour, loudness = torch.randn(1, 1, 9) * 0.2, torch.randn(1, 1, 9)
    voiced, level = torch.ones(1, 1, 9), contour.mean(2, keepdim=True)
    one = prosody_of(contour, voiced, level, loudness)
    other = prosody_of(contour + 0.7, voiced, level + 0.7, loudness + 5.0)
    torch.testing.assert_close(other, one)
    assert torch.allclose(one[:, 3, 2:], 0.2 * (loudness[:, 0, 2:] - loudness[:, 0, :-2]))


def test_pitch_tells_nothing_of_frames_that_have_none() -> None:
    contour, voiced = torch.tensor([[[0.1, 0.2, 3.0, 0.3, 0.4]]]), torch.tensor([1, 1, 0, 1, 1.0])
    told = prosody_of(contour, voiced[None, None], torch.zeros(1, 1, 1), torch.zeros(1, 1, 5))
    expected = torch.tensor([[1, 1, 0, 1, 1], [0.4, 0.8, 0, 1.2, 1.6], [0, 1, 0, 0, 1]])
    torch.testing.assert_close(told[0, :3], expected)
