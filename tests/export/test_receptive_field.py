import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.errors import ExportError
from export.reach import context_frames, minimum_frames
from tests.export.toys import (
    CONVERTER_INTERFACE,
    ENCODER_INTERFACE,
    HOP,
    ToyConverter,
    WholeClipConverter,
    toys,
)


@pytest.mark.parametrize("kernel_size", [1, 5, 131])
def test_the_reach_is_the_kernels(kernel_size: int) -> None:
    assert context_frames(ToyConverter(kernel_size), CONVERTER_INTERFACE, HOP) == kernel_size // 2


def test_weights_of_zero_do_not_hide_the_reach() -> None:
    converter = ToyConverter(7)
    torch.nn.init.zeros_(converter.pre.weight)
    assert context_frames(converter, CONVERTER_INTERFACE, HOP) == 3


def test_a_network_over_the_whole_clip_is_refused() -> None:
    with pytest.raises(ExportError, match="not local in time"):
        context_frames(WholeClipConverter(), CONVERTER_INTERFACE, HOP)


class AtLeast(torch.nn.Module):
    """Takes so many frames and more."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames

    def forward(self, spectrogram: torch.Tensor) -> torch.Tensor:
        return spectrogram.unfold(2, self.frames, 1)


def test_the_fewest_frames_are_found() -> None:
    assert minimum_frames(toys()[0], ENCODER_INTERFACE) == 1
    assert minimum_frames(AtLeast(7), ENCODER_INTERFACE) == 7


def test_a_network_that_takes_nothing_is_refused() -> None:
    with pytest.raises(ExportError, match="takes no clip"):
        minimum_frames(AtLeast(1000), ENCODER_INTERFACE)
