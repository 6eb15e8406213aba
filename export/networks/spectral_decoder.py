"""The compact model's decoder: magnitude and phase at frame rate, then an inverse STFT."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.excitation import HarmonicSeries, PitchHead

MAXIMUM_LOG_MAGNITUDE = 6.0
"""A full-scale sine reaches log(256) = 5.5 in a Hann window of 1024 samples."""


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


class InverseStft(nn.Module):
    """Overlap-add of windowed frames as a transposed convolution with a fixed basis.

    The counterpart of the runtime's spectrogram: a periodic Hann window, no centring, and
    `(fft - hop) / 2` samples dropped at each end, so that `frames` give `frames * hop` samples.
    Each is divided by the sum of squared windows that cover it (Griffin & Lim 1984, eq. 6). Phases
    are those at the window's centre, where a pulse has the same phase in every bin.
    """

    basis: Tensor
    envelope: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, bins: int) -> None:
        """Args:
        fft_samples: window and FFT length.
        hop_samples: hop.
        bins: how many of the lowest bins are given; the others are zero.
        """
        super().__init__()
        self.hop_samples = hop_samples
        self.trim_samples = (fft_samples - hop_samples) // 2
        window = torch.hann_window(fft_samples, periodic=True, dtype=torch.float64)
        time = torch.arange(fft_samples, dtype=torch.float64) - fft_samples // 2
        angle = 2 * math.pi * torch.arange(bins, dtype=torch.float64)[:, None] * time / fft_samples
        weight = torch.full((bins, 1), 2.0, dtype=torch.float64)
        weight[0] = 1.0
        if bins == fft_samples // 2 + 1:
            weight[-1] = 1.0
        synthesis = weight * window / fft_samples
        basis = torch.cat([synthesis * torch.cos(angle), -synthesis * torch.sin(angle)])
        self.register_buffer("basis", basis[:, None].float(), persistent=False)
        self.register_buffer("envelope", (window**2)[None, None].float(), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Args:
            real: [batch, bins, frames].
            imaginary: [batch, bins, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        coefficients = torch.cat([real, imaginary], dim=1)
        once = torch.ones_like(real[:1, :1])
        overlapped, cover = (
            functional.conv_transpose1d(
                signal, kernel, stride=self.hop_samples, padding=self.trim_samples
            )
            for signal, kernel in ((coefficients, self.basis), (once, self.envelope))
        )
        return overlapped / cover


class SpectralDecoder(nn.Module):
    """Latents to a waveform: an envelope, a pitch, and how harmonic each bin is.

    The blocks are those of Vocos's generator (Siuzdak 2023), conditioned on the tone. What they
    predict shapes the harmonic series of the latent's own pitch, as source-filter vocoders do (Wang
    et al. 2019), so that pitch need not be learnt as a pattern of phases.
    """

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
        fft_samples: int,
        hop_samples: int,
        bins: int,
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
        fft_samples: window and FFT length of the synthesis.
        hop_samples: its hop.
        bins: how many of the lowest bins are predicted; above them the output is silent.
        """
        super().__init__()
        self.pitch = PitchHead(latent_channels, pitch_channels)
        self.harmonics = HarmonicSeries(sample_rate_hz, fft_samples, hop_samples, bins)
        self.condition = nn.Linear(tone_dimension, condition_channels)
        self.embed = nn.Conv1d(latent_channels, channels, 7, padding=3)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, expansion, condition_channels) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, 3 * bins)
        # Noise has no pattern of phases to learn: the latent's own unrest, enlarged, scatters them.
        self.scatter = nn.Conv1d(latent_channels, bins, 1)
        nn.init.normal_(self.scatter.weight, std=4.0 / latent_channels**0.5)
        self.inverse_stft = InverseStft(fft_samples, hop_samples, bins)

    def envelope(self, latent: Tensor, tone: Tensor) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1].

        Returns:
            Log-magnitude, phase, harmonicity logit and scatter of phase, one after the other,
            [batch, 4 * bins, frames].
        """
        condition = functional.gelu(self.condition(tone.squeeze(2)))
        hidden = self.embed(latent)
        for block in self.blocks:
            hidden = block(hidden, condition)
        head: Tensor = self.head(self.norm(hidden.transpose(1, 2)))
        return torch.cat([head.transpose(1, 2), self.scatter(latent)], dim=1)

    def synthesise(self, envelope: Tensor, log_f0: Tensor, voiced: Tensor) -> Tensor:
        """Args:
            envelope: what `envelope` gives; float32, whatever computed it.
            log_f0: natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        log_magnitude, phase, harmonicity, scatter = envelope.chunk(4, dim=1)
        lobe, pulse = self.harmonics(log_f0, voiced)
        harmonic = torch.sigmoid(harmonicity) * voiced
        log_magnitude = log_magnitude + harmonic * lobe
        magnitude = torch.exp(log_magnitude.clamp(max=MAXIMUM_LOG_MAGNITUDE))
        phase = phase + pulse + (1 - harmonic) * scatter
        waveform: Tensor = self.inverse_stft(
            magnitude * torch.cos(phase), magnitude * torch.sin(phase)
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
        return self.synthesise(self.envelope(latent, tone), log_f0, voiced)
