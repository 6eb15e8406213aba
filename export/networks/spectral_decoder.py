"""The compact model's decoder: two filters at frame rate, over pulses and over noise."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.excitation import PitchHead, PulseTrain
from export.networks.stft import InverseStft, Stft, bins_up_to, joined, minimum_phase

MAXIMUM_LOG_GAIN = 4.0
"""A pulse train of 150 Hz that swings to full scale on one harmonic has log(1 / 0.16) = 1.8."""
FIRST_LOG_GAIN = -4.0
"""What an untrained decoder's filters begin at: excitation of unit power at the level of speech."""
UNREST = 12.0
"""Radians that a latent of unit variance moves a sample of noise by."""


class ConvNeXtBlock(nn.Module):
    """A ConvNeXt block over time (Liu et al. 2022); the tone moves its normalised input."""

    def __init__(self, channels: int, expansion: int, condition_channels: int) -> None:
        """Args:
        channels: width.
        expansion: hidden width of the pointwise pair, in multiples of `channels`.
        condition_channels: size of the condition vector.
        """
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.modulation = nn.Linear(condition_channels, 2 * channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.contract = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.2))
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """Args:
            hidden: [batch, channels, frames].
            condition: [batch, condition_channels].

        Returns:
            [batch, channels, frames].
        """
        gain, offset = self.modulation(condition).unsqueeze(1).chunk(2, dim=2)
        inner = self.norm(self.depthwise(hidden).transpose(1, 2)) * (1 + gain) + offset
        inner = self.contract(functional.gelu(self.expand(inner)))
        moved: Tensor = hidden + (inner * self.scale).transpose(1, 2)
        return moved


class LatentNoise(nn.Module):
    """White noise that is a function of the latent, so that one seed gives one waveform.

    Each sample is the sine of its own projection of the latent, many turns of it, as a hash is.
    """

    directions: Tensor

    def __init__(self, latent_channels: int, hop_samples: int) -> None:
        """Args:
        latent_channels: channels of the latent.
        hop_samples: samples that a frame becomes.
        """
        super().__init__()
        generator = torch.Generator().manual_seed(hop_samples)
        directions = torch.randn(hop_samples, latent_channels, 1, generator=generator)
        scale = UNREST / latent_channels**0.5
        self.register_buffer("directions", directions * scale, persistent=False)

    def forward(self, latent: Tensor) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].

        Returns:
            [batch, 1, frames * hop], of variance 1.
        """
        return joined(math.sqrt(2) * torch.sin(functional.conv1d(latent, self.directions)))


class SpectralDecoder(nn.Module):
    """Latents to a waveform: a pitch, and what to make of its pulses and of noise.

    The blocks are those of Vocos's generator (Siuzdak 2023), conditioned on the tone. They predict
    the log-gains of two filters, of minimum phase over the pulses and of zero phase over the noise,
    as the source-filter vocoders do (WORLD, Morise et al. 2016; Wang et al. 2019), so that neither
    pitch nor noise need be learnt as a pattern of phases.
    """

    phase_of_gain: Tensor

    def __init__(
        self,
        latent_channels: int,
        channels: int,
        blocks: int,
        expansion: int,
        tone_dimension: int,
        condition_channels: int,
        pitch_channels: int,
        sample_rate_hz: int,
        hop_samples: int,
        filter_fft_samples: int,
        filters_a_frame: int,
        bandwidth_hz: int,
    ) -> None:
        """Args:
        latent_channels: channels of the latent.
        channels: width of the blocks.
        blocks: number of ConvNeXt blocks.
        expansion: their expansion.
        tone_dimension: size of the tone embedding.
        condition_channels: size that the tone is reduced to.
        pitch_channels: width of the pitch head.
        sample_rate_hz: sample rate.
        hop_samples: samples that a frame becomes.
        filter_fft_samples: window and FFT length that the filters work at.
        filters_a_frame: filters that follow one another in a frame.
        bandwidth_hz: above it the output is silent.
        """
        super().__init__()
        bins = bins_up_to(bandwidth_hz, filter_fft_samples, sample_rate_hz)
        self.bins = bins
        self.pitch = PitchHead(latent_channels, pitch_channels)
        self.pulses = PulseTrain(sample_rate_hz, hop_samples, bandwidth_hz)
        self.noise = LatentNoise(latent_channels, hop_samples)
        self.condition = nn.Linear(tone_dimension, condition_channels)
        self.embed = nn.Conv1d(latent_channels, channels, 7, padding=3)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, expansion, condition_channels) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, filters_a_frame * 2 * bins)
        nn.init.constant_(self.head.bias, FIRST_LOG_GAIN)
        filter_hop_samples = hop_samples // filters_a_frame
        self.stft = Stft(filter_fft_samples, filter_hop_samples, bins)
        self.inverse_stft = InverseStft(filter_fft_samples, filter_hop_samples, bins)
        matrix = minimum_phase(filter_fft_samples, bins)
        self.register_buffer("phase_of_gain", matrix, persistent=False)

    def filters(self, latent: Tensor, tone: Tensor) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1].

        Returns:
            Natural log-gains over the pulses, then over the noise,
            [batch, frames * filters_a_frame, 2 * bins].
        """
        condition = functional.gelu(self.condition(tone.squeeze(2)))
        hidden = self.embed(latent)
        for block in self.blocks:
            hidden = block(hidden, condition)
        head: Tensor = self.head(self.norm(hidden.transpose(1, 2)))
        return head.reshape(head.shape[0], -1, 2 * self.bins)

    def excitation(self, latent: Tensor, log_f0: Tensor, voiced: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            latent: [batch, latent_channels, frames].
            log_f0: natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            Pulses and noise, each [batch, 1, frames * hop].
        """
        return self.pulses(log_f0, voiced), self.noise(latent)

    def synthesise(self, filters: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """Args:
            filters: what `filters` gives; float32, whatever computed it.
            pulses: white and voiced, [batch, 1, frames * hop].
            noise: white, same shape.

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        log_gains = filters.transpose(1, 2).clamp(max=MAXIMUM_LOG_GAIN)
        over_pulses, over_noise = log_gains.chunk(2, dim=1)
        phase = torch.matmul(self.phase_of_gain, over_pulses)
        gain, noise_gain = torch.exp(over_pulses), torch.exp(over_noise)
        turned, quarter = gain * torch.cos(phase), gain * torch.sin(phase)
        pulses_real, pulses_imaginary = self.stft(pulses)
        noise_real, noise_imaginary = self.stft(noise)
        waveform: Tensor = self.inverse_stft(
            turned * pulses_real - quarter * pulses_imaginary + noise_gain * noise_real,
            turned * pulses_imaginary + quarter * pulses_real + noise_gain * noise_imaginary,
        )
        return waveform

    def forward(self, latent: Tensor, tone: Tensor) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        log_f0, voicing = self.pitch(latent)
        voiced = (voicing > 0).to(log_f0.dtype)
        pulses, noise = self.excitation(latent, log_f0, voiced)
        return self.synthesise(self.filters(latent, tone), pulses, noise)
