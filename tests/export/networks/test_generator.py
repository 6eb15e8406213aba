import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.networks.generator import Generator, ResidualBlock


def make(tone_dimension: int | None) -> Generator:
    torch.manual_seed(0)
    return Generator(4, 16, (4, 2), (8, 4), (3, 5), ((1, 3), (1, 2)), tone_dimension).eval()


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_a_frame_becomes_a_hop(frames: int) -> None:
    assert make(None)(torch.rand(2, 4, frames)).shape == (2, 1, 8 * frames)


def test_the_tone_conditions_it() -> None:
    generator, latent = make(6), torch.rand(1, 4, 5)
    voices = [generator(latent, torch.full((1, 6, 1), value)) for value in (0.0, 1.0)]
    assert not torch.allclose(*voices)


def test_a_residual_block_without_weights_changes_nothing() -> None:
    block = ResidualBlock(4, 3, (1, 3))
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    hidden = torch.rand(1, 4, 10)
    assert torch.equal(block(hidden), hidden)
