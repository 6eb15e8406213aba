import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from dataclasses import replace

import torch
from torch import Tensor

from export.errors import ExportError
from export.networks.excitation import running_phase
from export.receptive_field import exact_receptive_field, minimum_frames
from runtime.interface import Shape
from tests.export.toys import (
    CONVERTER_INTERFACE,
    ENCODER_INTERFACE,
    HOP,
    ToyConverter,
    WholeClipConverter,
    toys,
)


class Decaying(torch.nn.Module):
    """Sums its frames: 3 before with weights of a half each, 5 after with a fiftieth each."""

    BEFORE, AFTER = 3, 5

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        frames = (spectrogram.sum(1, keepdim=True) + noise.sum(1, keepdim=True)).clamp(-9, 9)
        powers = [0.5 ** -min(k, 0) for k in range(-self.BEFORE, 1)]
        powers += [0.02**k for k in range(1, self.AFTER + 1)]
        kernel = torch.tensor(powers).view(1, 1, -1)
        mixed = torch.nn.functional.conv1d(
            torch.nn.functional.pad(frames, (self.BEFORE, self.AFTER)), kernel
        )
        return mixed.repeat_interleave(HOP, dim=2)


@pytest.mark.parametrize("kernel_size", [1, 5, 131])
def test_the_receptive_field_is_the_kernels(kernel_size: int) -> None:
    sides = exact_receptive_field(ToyConverter(kernel_size), CONVERTER_INTERFACE, HOP)
    assert sides == (kernel_size // 2, kernel_size // 2)


def test_the_sides_are_told_apart() -> None:
    sides = exact_receptive_field(Decaying(), CONVERTER_INTERFACE, HOP)
    assert sides == (Decaying.BEFORE, Decaying.AFTER)


class Humming(ToyConverter):
    """One with a hum, whose phase sums up the whole clip."""

    def forward(  # type: ignore[override]
        self,
        spectrogram: Tensor,
        source_tone: Tensor,
        target_tone: Tensor,
        noise: Tensor,
        known_phase: Tensor,
    ) -> tuple[Tensor, Tensor]:
        latent = self.pre(spectrogram)
        phase = running_phase(latent[:, :1].abs(), torch.ones_like(known_phase), known_phase)
        sound = super().forward(spectrogram, source_tone, target_tone, noise)
        return sound + torch.sin(6.28 * phase).repeat_interleave(HOP, dim=2), phase


def test_a_phase_that_is_carried_needs_no_frames() -> None:
    frame: Shape = (None, 1, None)
    interface = replace(
        CONVERTER_INTERFACE,
        inputs={**CONVERTER_INTERFACE.inputs, "known_phase": frame},
        carried={"phase": frame},
    )
    assert exact_receptive_field(Humming(7), interface, HOP) == (3, 3)


def test_weights_of_zero_hide_nothing() -> None:
    converter = ToyConverter(7)
    torch.nn.init.zeros_(converter.pre.weight)
    assert exact_receptive_field(converter, CONVERTER_INTERFACE, HOP) == (3, 3)


def test_a_network_over_the_whole_clip_is_refused() -> None:
    with pytest.raises(ExportError, match="not local in time"):
        exact_receptive_field(WholeClipConverter(), CONVERTER_INTERFACE, HOP)


class AtLeast(torch.nn.Module):
    """Takes so many frames and more."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.frames = frames

    def forward(self, spectrogram: Tensor) -> Tensor:
        return spectrogram.unfold(2, self.frames, 1)


def test_the_fewest_frames_are_found() -> None:
    assert minimum_frames(toys()[0], ENCODER_INTERFACE) == 1
    assert minimum_frames(AtLeast(7), ENCODER_INTERFACE) == 7


def test_a_network_that_takes_nothing_is_refused() -> None:
    with pytest.raises(ExportError, match="takes no clip"):
        minimum_frames(AtLeast(1000), ENCODER_INTERFACE)
