"""Networks of PerTh, Resemble AI's watermark: what it adds to a spectrogram, and how it is read.

Layers and sizes are those of the package `resemble-perth` 1.0.1 (MIT), whose weights fit. A level
is a magnitude in decibels, from 0 at -180 dB to 1 at +15 dB.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

KERNEL_FRAMES = 7
DEEP_LAYERS = 5
NEGATIVE_SLOPE = 0.01


class _Convolution(nn.Module):
    """A convolution over frames, and a leaky rectifier unless it is the last."""

    def __init__(self, inputs: int, outputs: int, frames: int, *, last: bool = False) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv1d(inputs, outputs, frames, padding=frames // 2)
        self.act = nn.Identity() if last else nn.LeakyReLU(NEGATIVE_SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.act(self.conv(x))
        return result


class WatermarkNetwork(nn.Module):
    """Convolutions over frames: one of a single frame, five of seven, one of a single frame.

    Args:
        inputs: Channels of the input.
        channels: Channels in between.
        outputs: Channels of the output.
    """

    def __init__(self, inputs: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _Convolution(inputs, channels, 1),
            *(_Convolution(channels, channels, KERNEL_FRAMES) for _ in range(DEEP_LAYERS)),
            _Convolution(channels, outputs, 1, last=True),
        )

    def convolutions(self) -> list[_Convolution]:
        """Return the layers in order."""
        return [layer for layer in self.layers if isinstance(layer, _Convolution)]

    def forward(self, level: Tensor) -> Tensor:
        """Apply the convolutions.

        Args:
            level: Levels, [batch, inputs, frames].

        Returns:
            [batch, outputs, frames].
        """
        result: Tensor = self.layers(level)
        return result


def factorised(network: WatermarkNetwork, speech: Sequence[Tensor], rank: int) -> WatermarkNetwork:
    """Copy a network with each convolution of seven frames as a product of two smaller ones.

    The first has as many outputs as the rank, the second takes a single frame. Together they keep
    the principal components of the outputs that the original has for speech.

    Args:
        network: Network to copy, left as it is.
        speech: Levels of speech, [1, inputs, frames] each.
        rank: Components kept.

    Returns:
        The copy.
    """
    result = copy.deepcopy(network)
    passed = list(speech)
    for layer in result.convolutions():
        whole = layer.conv
        if isinstance(whole, nn.Conv1d) and whole.kernel_size == (KERNEL_FRAMES,):
            layer.conv = _factorised(whole, torch.cat([whole(x)[0] for x in passed], 1), rank)
        passed = [layer(x) for x in passed]
    return result


def _factorised(convolution: nn.Conv1d, outputs: Tensor, rank: int) -> nn.Sequential:
    mean = outputs.mean(1)
    _, components = torch.linalg.eigh(torch.cov(outputs))
    basis = components[:, -rank:]
    bias = torch.zeros_like(mean) if convolution.bias is None else convolution.bias
    first = nn.Conv1d(
        convolution.in_channels, rank, KERNEL_FRAMES, padding=KERNEL_FRAMES // 2, bias=False
    )
    second = nn.Conv1d(rank, convolution.out_channels, 1)
    with torch.no_grad():
        first.weight.copy_(torch.einsum("or,oik->rik", basis, convolution.weight))
        second.weight.copy_(basis[:, :, None])
        second.get_parameter("bias").copy_(mean + basis @ (basis.T @ (bias - mean)))
    return nn.Sequential(first, second)
