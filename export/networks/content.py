"""What is being said, frame by frame: probabilities of phonetic units."""

import torch
from torch import Tensor, nn

from export.networks.blocks import ConvNeXtBlock

FLOOR = 1e-2
"""Added to band magnitudes, which are about 1 for speech: quieter than that, bands say nothing."""


class ContentEncoder(nn.Module):
    """A convolutional classifier of frames into phonetic units.

    The units are clusters of a speech recogniser's features, so that who speaks is mostly left out
    of them (soft speech units, van Niekerk et al. 2022).

    Args:
        filters: Filter bank on the linear magnitude, [bands, bins].
        channels: Width.
        blocks: Number of blocks.
        ahead: Number of blocks that look one frame ahead, the first ones.
        expansion: Expansion of the blocks.
        units: Number of phonetic units.
    """

    filters: Tensor

    def __init__(
        self,
        filters: Tensor,
        channels: int,
        blocks: int,
        ahead: int,
        expansion: int,
        units: int,
    ) -> None:
        super().__init__()
        self.register_buffer("filters", filters, persistent=False)
        self.embed = nn.Conv1d(filters.shape[0], channels, 1)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, expansion, int(block < ahead)) for block in range(blocks)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, units)

    def hidden(self, spectrogram: Tensor) -> Tensor:
        """Compute what units are read off.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Features, [batch, frames, channels].
        """
        bands = torch.log(torch.matmul(self.filters, spectrogram) + FLOOR)
        hidden = self.embed(bands * 0.5)
        for block in self.blocks:
            hidden = block(hidden)
        features: Tensor = self.norm(hidden.transpose(1, 2))
        return features

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Classify every frame.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Probabilities of the units, [batch, frames, units].
        """
        return torch.softmax(self.head(self.hidden(spectrogram)), dim=2)
