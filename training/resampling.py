"""Differentiable resampling from the networks' sample rate to that of outside networks."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.speech import SAMPLE_RATE_HZ

LISTENING_RATE_HZ = 16000


def resampling_kernel(zeros: int = 12) -> tuple[Tensor, int, int, int]:
    """Compute a windowed-sinc polyphase bank from 22050 to 16000 Hz.

    Args:
        zeros: Zero crossings of the sinc to each side.

    Returns:
        The bank [phases, 1, taps], its stride, its left padding and its phases.
    """
    common = math.gcd(SAMPLE_RATE_HZ, LISTENING_RATE_HZ)
    stride, phases = SAMPLE_RATE_HZ // common, LISTENING_RATE_HZ // common
    cutoff = 0.96 * LISTENING_RATE_HZ / SAMPLE_RATE_HZ
    reach = math.ceil(zeros / cutoff)
    taps = torch.arange(-reach, stride + reach, dtype=torch.float64)
    moment = torch.arange(phases, dtype=torch.float64)[:, None] * stride / phases
    offset = (taps - moment) * cutoff
    inside = (offset.abs() < zeros).double()
    window = torch.cos(offset * math.pi / zeros / 2) ** 2 * inside
    return (torch.sinc(offset) * window * cutoff)[:, None].float(), stride, reach, phases


class Resampler(nn.Module):
    """22050 Hz to the 16 kHz that outside networks listen at."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        kernel, self.stride, self.reach, self.phases = resampling_kernel()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Resample.

        Args:
            waveform: [batch, samples] at 22050 Hz.

        Returns:
            [batch, samples] at 16 kHz.
        """
        padded = functional.pad(waveform[:, None], (self.reach, self.reach + self.stride))
        resampled = functional.conv1d(padded, self.kernel, stride=self.stride)
        return resampled.transpose(1, 2).flatten(1)
