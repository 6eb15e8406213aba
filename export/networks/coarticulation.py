"""What the sounds before a frame change in its envelope."""

import torch
from torch import Tensor, nn

from export.networks.blocks import ConvNeXtBlock


class Coarticulation(nn.Module):
    """What neighbouring sounds change in the envelope that a voice gives to a frame's units.

    It looks at the frames before, each as its units and as what is expected of the voice there,
    so that every voice has its own way from sound to sound.

    Args:
        units: Number of phonetic units.
        coefficients: Cosine coefficients of an envelope.
        channels: Width.
        blocks: Number of blocks.
    """

    UNITS_SCALE, EXPECTED_SCALE = 4.0, 0.3

    def __init__(self, units: int, coefficients: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.embed = nn.Conv1d(units + coefficients, channels, 1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, 2, 0) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, coefficients)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, units: Tensor, expected: Tensor) -> Tensor:
        """Give what is added to the expected envelope.

        Args:
            units: Probabilities of the units, [batch, frames, units].
            expected: What is expected of the voice, cosine coefficients,
                [batch, coefficients, frames].

        Returns:
            Cosine coefficients, [batch, coefficients, frames].
        """
        scaled = self.UNITS_SCALE * units.transpose(1, 2), self.EXPECTED_SCALE * expected
        hidden = self.embed(torch.cat(scaled, 1))
        for block in self.blocks:
            hidden = block(hidden)
        added: Tensor = self.head(self.norm(hidden.transpose(1, 2))).transpose(1, 2)
        return added
