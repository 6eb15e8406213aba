"""The residual block that the compact model's networks are made of."""

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL_FRAMES = 7


class ConvNeXtBlock(nn.Module):
    """A ConvNeXt block over time (Liu et al. 2022) that sees a chosen number of frames ahead.

    Args:
        channels: Width.
        expansion: Hidden width of the pointwise pair, in multiples of `channels`.
        ahead: Frames that its kernel of `KERNEL_FRAMES` reaches past the output frame; the others
            lie before it.
    """

    def __init__(self, channels: int, expansion: int, ahead: int) -> None:
        super().__init__()
        self.padding = (KERNEL_FRAMES - 1 - ahead, ahead)
        self.depthwise = nn.Conv1d(channels, channels, KERNEL_FRAMES, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.contract = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.2))

    def forward(self, hidden: Tensor) -> Tensor:
        """Add what the block sees to its input.

        Args:
            hidden: [batch, channels, frames].

        Returns:
            [batch, channels, frames].
        """
        seen = self.depthwise(functional.pad(hidden, self.padding)).transpose(1, 2)
        seen = self.contract(functional.gelu(self.expand(self.norm(seen))))
        moved: Tensor = hidden + (seen * self.scale).transpose(1, 2)
        return moved
