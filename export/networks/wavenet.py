"""The stack of gated convolutions in the posterior encoder and the flow."""

import torch
from torch import Tensor, nn


class WaveNet(nn.Module):
    """Non-causal WaveNet with a global tone condition (van den Oord et al. 2016, as in VITS).

    Each layer gates `tanh(a) * sigmoid(b)` and splits into a residual and a skip path. The dilation
    is 1, so the receptive field is `layers * (kernel_size // 2)` frames on each side.

    Args:
        channels: Channels of every layer.
        kernel_size: Kernel of every layer in frames, an odd number.
        layers: Number of layers.
        tone_dimension: Size of the tone embedding; None for a stack without a condition.
    """

    def __init__(
        self, channels: int, kernel_size: int, layers: int, tone_dimension: int | None
    ) -> None:
        super().__init__()
        self.channels = channels
        self.in_layers = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2)
            for _ in range(layers)
        )
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels if layer < layers - 1 else channels, 1)
            for layer in range(layers)
        )
        if tone_dimension is not None:
            self.cond_layer = nn.Conv1d(tone_dimension, 2 * channels * layers, 1)

    def forward(self, hidden: Tensor, tone: Tensor | None = None) -> Tensor:
        """Run the stack.

        Args:
            hidden: [batch, channels, frames].
            tone: [batch, tone_dimension, 1]; None leaves the condition out.

        Returns:
            Sum of the skip paths, [batch, channels, frames].
        """
        conditions: list[Tensor | None] = [None] * len(self.in_layers)
        if tone is not None:
            conditions = list(self.cond_layer(tone).chunk(len(self.in_layers), dim=1))
        skips: Tensor | None = None
        for layer, (gate, res_skip) in enumerate(
            zip(self.in_layers, self.res_skip_layers, strict=True)
        ):
            gates = gate(hidden)
            condition = conditions[layer]
            if condition is not None:
                gates = gates + condition
            filtered, opened = gates.chunk(2, dim=1)
            split = res_skip(torch.tanh(filtered) * torch.sigmoid(opened))
            if layer < len(self.in_layers) - 1:
                residual, skip = split.chunk(2, dim=1)
                hidden = hidden + residual
            else:
                skip = split
            skips = skip if skips is None else skips + skip
        if skips is None:
            raise ValueError("a WaveNet needs at least one layer")
        return skips
