"""Pitch, and the harmonic series that follows from it: what a decoder shapes into a voice.

A convolution over frames answers a steady vowel with a steady output, so it can only ever hum at
the frame rate. The phase of a harmonic is a running sum of pitch; it is taken here, from the last
unvoiced frame on and over a bounded horizon, so that the network stays local in time.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

DOUBLINGS = 7
"""The running sum reaches back 2^7 - 1 frames, 1.5 s: longer than a breath of speech is voiced."""
CENTRE_HZ, LEVEL_SCALE = math.exp(5.0), 0.5
LOWEST_HZ, HIGHEST_HZ = 50.0, 600.0
LOBE_FLOOR = 0.02


class PitchHead(nn.Module):
    """Pitch and voicing of the speech that a latent stands for."""

    def __init__(self, latent_channels: int, channels: int) -> None:
        """Args:
        latent_channels: channels of the latent.
        channels: width.
        """
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(latent_channels, channels, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(channels, channels, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(channels, 2, 5, padding=2),
        )

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            latent: [batch, latent_channels, frames].

        Returns:
            Natural logarithm of F0 over `CENTRE_HZ`, since what is near zero is rounded least, and
            logit of being voiced, each [batch, 1, frames].
        """
        level, voicing = self.layers(latent).chunk(2, dim=1)
        lowest, highest = math.log(LOWEST_HZ / CENTRE_HZ), math.log(HIGHEST_HZ / CENTRE_HZ)
        return (level * LEVEL_SCALE).clamp(lowest, highest), voicing


def delayed(signal: Tensor, frames: int) -> Tensor:
    """The signal [..., frames] later, zeros before it."""
    return functional.pad(signal, (frames, 0))[..., : signal.shape[-1]]


def wrapped(cycles: Tensor) -> Tensor:
    """Cycles without the whole ones, from 0 to 1."""
    return cycles - torch.floor(cycles)


def running_phase(cycles: Tensor, voiced: Tensor) -> Tensor:
    """The phase of the fundamental, counted from the last unvoiced frame.

    A prefix sum by doubling (Hillis & Steele 1986), gated: each round joins two stretches where
    everything between is voiced.

    Args:
        cycles: periods from the frame before to this one, [batch, 1, frames].
        voiced: 0 or 1, same shape.

    Returns:
        Phase in cycles, from 0 to 1, same shape; 0 where unvoiced.
    """
    # Whole periods are dropped at each step: a float32 of some hundreds is too coarse a phase.
    total, unbroken = wrapped(cycles) * voiced, voiced
    for doubling in range(DOUBLINGS):
        total = wrapped(total + unbroken * delayed(total, 1 << doubling))
        unbroken = unbroken * delayed(unbroken, 1 << doubling)
    return total


class HarmonicSeries(nn.Module):
    """What the harmonics of a pitch are in each bin of an STFT with a Hann window."""

    bins_hz: Tensor

    def __init__(self, sample_rate_hz: int, fft_samples: int, hop_samples: int, bins: int) -> None:
        """Args:
        sample_rate_hz: sample rate.
        fft_samples: window and FFT length.
        hop_samples: hop.
        bins: how many of the lowest bins.
        """
        super().__init__()
        self.bin_hz = sample_rate_hz / fft_samples
        self.frames_hz = sample_rate_hz / hop_samples
        bins_hz = torch.arange(bins, dtype=torch.float32)[None, :, None] * self.bin_hz
        self.register_buffer("bins_hz", bins_hz, persistent=False)

    def forward(self, log_f0: Tensor, voiced: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            log_f0: natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            The log-magnitude of the nearest harmonic's main lobe, 0 at its top, and its phase at
            the window's centre in radians; both [batch, bins, frames] and 0 where unvoiced.
        """
        f0_hz = CENTRE_HZ * torch.exp(log_f0)
        cycles = 0.5 * (f0_hz + delayed(f0_hz, 1)) / self.frames_hz
        phase = running_phase(cycles, voiced)
        harmonic = torch.round(self.bins_hz / f0_hz).clamp(min=1.0)
        distance = (self.bins_hz - harmonic * f0_hz).abs() / self.bin_hz
        # cos^2 is the Hann window's main lobe: half a bin's width off by less than 1 %.
        lobe = torch.cos(distance.clamp(max=2.0) * (math.pi / 4)) ** 2
        turns = harmonic * phase
        return (
            torch.log(lobe * (1 - LOBE_FLOOR) + LOBE_FLOOR) * voiced,
            wrapped(turns) * (2 * math.pi) * voiced,
        )
