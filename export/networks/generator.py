"""The HiFi-GAN generator: latents to a waveform."""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

INNER_SLOPE = 0.1
OUTER_SLOPE = 0.01


class ResidualBlock(nn.Module):
    """HiFi-GAN's first kind of residual block: pairs of a dilated and a plain convolution."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        """Args:
        channels: width.
        kernel_size: odd kernel of every convolution, in samples of the block's rate.
        dilations: dilation of each pair's first convolution.
        """
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(
                channels,
                channels,
                kernel_size,
                dilation=dilation,
                padding=dilation * (kernel_size // 2),
            )
            for dilation in dilations
        )
        self.convs2 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2) for _ in dilations
        )

    def forward(self, hidden: Tensor) -> Tensor:
        """Args:
            hidden: [batch, channels, samples].

        Returns:
            [batch, channels, samples].
        """
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(functional.leaky_relu(hidden, INNER_SLOPE))
            hidden = hidden + plain(functional.leaky_relu(inner, INNER_SLOPE))
        return hidden


class Generator(nn.Module):
    """HiFi-GAN's generator (Kong et al. 2020), conditioned on the tone where it is given one.

    The slope of the last leaky ReLU differs from the others', and the last convolution has no bias:
    official weights were trained so.
    """

    def __init__(
        self,
        latent_channels: int,
        initial_channels: int,
        upsample_rates: Sequence[int],
        upsample_kernel_sizes: Sequence[int],
        block_kernel_sizes: Sequence[int],
        block_dilations: Sequence[Sequence[int]],
        tone_dimension: int | None,
    ) -> None:
        """Args:
        latent_channels: channels of the latent.
        initial_channels: width before the first upsampling; each upsampling halves it.
        upsample_rates: factor of each upsampling.
        upsample_kernel_sizes: kernel of each upsampling.
        block_kernel_sizes: kernel of each residual block that follows an upsampling.
        block_dilations: dilations of each of those blocks.
        tone_dimension: size of the tone embedding, or None to take none.
        """
        super().__init__()
        self.block_count = len(block_kernel_sizes)
        self.conv_pre = nn.Conv1d(latent_channels, initial_channels, 7, padding=3)
        if tone_dimension is not None:
            self.cond = nn.Conv1d(tone_dimension, initial_channels, 1)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        channels = initial_channels
        for rate, kernel_size in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            self.ups.append(
                nn.ConvTranspose1d(
                    channels, channels // 2, kernel_size, rate, padding=(kernel_size - rate) // 2
                )
            )
            channels //= 2
            for block_kernel, dilations in zip(block_kernel_sizes, block_dilations, strict=True):
                self.resblocks.append(ResidualBlock(channels, block_kernel, dilations))
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)

    def forward(self, latent: Tensor, tone: Tensor | None = None) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1]; None leaves the condition out altogether.

        Returns:
            Waveform, [batch, 1, frames * product of the upsample rates].
        """
        hidden = self.conv_pre(latent)
        if tone is not None:
            hidden = hidden + self.cond(tone)
        for stage, upsample in enumerate(self.ups):
            hidden = upsample(functional.leaky_relu(hidden, INNER_SLOPE))
            first = stage * self.block_count
            blocks = self.resblocks[first : first + self.block_count]
            branches = [block(hidden) for block in blocks]
            hidden = functools.reduce(torch.add, branches) / self.block_count
        return torch.tanh(self.conv_post(functional.leaky_relu(hidden, OUTER_SLOPE)))
