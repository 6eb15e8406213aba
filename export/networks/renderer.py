"""From an envelope to the filters over pulses and over noise."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.blocks import ConvNeXtBlock
from export.networks.envelope import interpolation
from export.networks.stft import InverseStft, Stft, bins_up_to, joined, minimum_phase

MAXIMUM_LOG_GAIN = 4.0
"""A pulse train of 150 Hz that swings to full scale on one harmonic has log(1 / 0.16) = 1.8."""
UNREST = 12.0
"""Radians that a latent of unit variance moves a sample of noise by."""
FIRST_BREATH = (-3.5, -1.0)
"""Log-gain of the noise under a voice at 0 Hz and at the top, before anything is learnt."""
FILTERS_A_FRAME = 2


class LatentNoise(nn.Module):
    """White noise that is a function of a latent, so that one seed gives one waveform.

    Each sample is the sine of its own projection of the latent, many turns of it, as a hash is.

    Args:
        latent_channels: Channels of the latent.
        hop_samples: Samples that a frame becomes.
    """

    directions: Tensor

    def __init__(self, latent_channels: int, hop_samples: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(hop_samples)
        directions = torch.randn(hop_samples, latent_channels, 1, generator=generator)
        scale = UNREST / latent_channels**0.5
        self.register_buffer("directions", directions * scale, persistent=False)

    def forward(self, latent: Tensor) -> Tensor:
        """Draw the noise.

        Args:
            latent: [batch, latent_channels, frames].

        Returns:
            [batch, 1, frames * hop], of variance 1.
        """
        return joined(math.sqrt(2) * torch.sin(functional.conv1d(latent, self.directions)))


class Renderer(nn.Module):
    """Filters of minimum phase over pulses and of zero phase over noise, from an envelope.

    As source-filter vocoders do (WORLD, Morise et al. 2016; Wang et al. 2019), neither pitch nor
    noise is learnt as a pattern of phases. The envelope goes into both filters as it is; a network
    adds how the power is shared between them and what an envelope over 46 ms has lost.

    Args:
        bands: Bands of the envelope.
        breath_channels: Channels that tell how breathy a frame is.
        channels: Width.
        blocks: Number of blocks, all of which look back only.
        sample_rate_hz: Sample rate.
        hop_samples: Samples of a frame.
        fft_samples: Window and FFT length that the filters work at.
        heard_hz: Frequency up to which the network says something of each bin; what it says of the
            last one holds above.
    """

    bins_of_bands: Tensor
    first: Tensor
    phase_of_gain: Tensor

    def __init__(
        self,
        bands: int,
        breath_channels: int,
        channels: int,
        blocks: int,
        sample_rate_hz: int,
        hop_samples: int,
        fft_samples: int,
        heard_hz: float,
    ) -> None:
        super().__init__()
        self.heard_bins = bins_up_to(heard_hz, fft_samples, sample_rate_hz)
        self.bins = fft_samples // 2 + 1
        matrix = interpolation(bands, fft_samples, sample_rate_hz)
        self.register_buffer("bins_of_bands", matrix, persistent=False)
        first = torch.linspace(*FIRST_BREATH, self.bins)
        self.register_buffer("first", first[None, :, None], persistent=False)
        self.embed = nn.Conv1d(bands + breath_channels + 2, channels, 1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, 2, 0) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, FILTERS_A_FRAME * 2 * self.heard_bins)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        hop = hop_samples // FILTERS_A_FRAME
        self.stft = Stft(fft_samples, hop, self.bins)
        self.inverse_stft = InverseStft(fft_samples, hop, self.bins)
        self.register_buffer(
            "phase_of_gain", minimum_phase(fft_samples, self.bins), persistent=False
        )

    def filters(self, envelope: Tensor, breath: Tensor, log_f0: Tensor, voiced: Tensor) -> Tensor:
        """Shape both filters.

        Args:
            envelope: Log-gain over an excitation of power one, [batch, bands, frames].
            breath: Breathiness, [batch, breath_channels, frames].
            log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            Natural log-gains over the pulses, then over the noise,
            [batch, 2 * bins, frames * FILTERS_A_FRAME].
        """
        seen = torch.cat([envelope * 0.3, breath * voiced, log_f0 * voiced, voiced], 1)
        hidden = self.embed(seen)
        for block in self.blocks:
            hidden = block(hidden)
        head = self.head(self.norm(hidden.transpose(1, 2)))
        learnt = head.unflatten(2, (FILTERS_A_FRAME, 2, self.heard_bins)).flatten(1, 2)
        held = learnt[..., -1:].expand(-1, -1, -1, self.bins - self.heard_bins)
        learnt = torch.cat([learnt, held], 3).flatten(2).transpose(1, 2)
        gains = torch.matmul(self.bins_of_bands, halves(envelope))
        under = gains + self.first * torch.repeat_interleave(voiced, FILTERS_A_FRAME, dim=2)
        return learnt + torch.cat([gains, under], 1)

    def synthesise(self, filters: Tensor, pulses: Tensor, noise: Tensor) -> Tensor:
        """Filter the excitation.

        Args:
            filters: Log-gains, [batch, 2 * bins, frames * FILTERS_A_FRAME].
            pulses: White and voiced, [batch, 1, frames * hop].
            noise: White, same shape.

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        over_pulses, over_noise = filters.clamp(max=MAXIMUM_LOG_GAIN).chunk(2, dim=1)
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


def halves(signal: Tensor) -> Tensor:
    """Interpolate [batch, channels, frames] to twice as many frames, a quarter frame off each."""
    before = functional.pad(signal, (1, 0), mode="replicate")[..., :-1]
    after = functional.pad(signal, (0, 1), mode="replicate")[..., 1:]
    pair = torch.stack([0.75 * signal + 0.25 * before, 0.75 * signal + 0.25 * after], 3)
    return pair.flatten(2)
