"""The compact model: the official converter's plan at a fraction of its cost."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.networks.flow import Flow
from export.networks.posterior_encoder import PosteriorEncoder
from export.networks.spectral_decoder import SpectralDecoder
from export.networks.stft import bins_up_to
from export.networks.tone_encoder import ToneEncoder


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of the compact model; the defaults are the shipped one's."""

    sample_rate_hz: int = 22050
    fft_samples: int = 1024
    hop_samples: int = 256
    input_bandwidth_hz: int = 8000
    tone_dimension: int = 256
    latent_channels: int = 128
    posterior_channels: int = 128
    posterior_layers: int = 10
    flow_channels: int = 96
    flow_layers: int = 3
    couplings: int = 4
    kernel_size: int = 5
    decoder_channels: int = 256
    decoder_blocks: int = 9
    decoder_expansion: int = 3
    condition_channels: int = 64
    pitch_channels: int = 96
    filter_fft_samples: int = 512
    filters_a_frame: int = 2
    bands: int = 80
    tone_channels: int = 192
    tone_blocks: int = 4
    emphasis: float = 0.15

    @property
    def bins(self) -> int:
        """Bins of the full spectrogram."""
        return self.fft_samples // 2 + 1

    @property
    def heard_bins(self) -> int:
        """Bins up to the input bandwidth: all that the networks hear."""
        return bins_up_to(self.input_bandwidth_hz, self.fft_samples, self.sample_rate_hz)


def mel_filters(
    sample_rate_hz: int, fft_samples: int, bands: int, upper_hz: float, lower_hz: float = 50.0
) -> Tensor:
    """Triangular filters evenly spaced in mel, each summing to one.

    The scale is O'Shaughnessy's, `2595 log10(1 + f / 700)`.

    Args:
        sample_rate_hz: sample rate of the spectrogram.
        fft_samples: its FFT length.
        bands: number of filters.
        upper_hz: where the last filter ends.
        lower_hz: where the first filter begins.

    Returns:
        [bands, bins] with bins = fft_samples // 2 + 1.
    """
    edges_mel = torch.linspace(
        2595 * torch.log10(torch.tensor(1 + lower_hz / 700, dtype=torch.float64)).item(),
        2595 * torch.log10(torch.tensor(1 + upper_hz / 700, dtype=torch.float64)).item(),
        bands + 2,
        dtype=torch.float64,
    )
    edges = 700 * (10 ** (edges_mel / 2595) - 1) * fft_samples / sample_rate_hz
    # A band narrower than a bin would be empty: each filter reaches at least one bin to each side.
    left = torch.minimum(edges[:-2], edges[1:-1] - 1)[:, None]
    right = torch.maximum(edges[2:], edges[1:-1] + 1)[:, None]
    centre = edges[1:-1, None]
    bins = torch.arange(fft_samples // 2 + 1, dtype=torch.float64)
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    filters = torch.minimum(rising, falling).clamp(min=0)
    return (filters / filters.sum(1, keepdim=True)).float()


class CompactConverter(nn.Module):
    """Posterior encoder, flow out of the source's voice and into the target's, spectral decoder."""

    def __init__(self, config: CompactConfig) -> None:
        """Args:
        config: sizes.
        """
        super().__init__()
        self.heard_bins, self.emphasis = config.heard_bins, config.emphasis
        self.enc_q = PosteriorEncoder(
            config.heard_bins,
            config.latent_channels,
            config.posterior_channels,
            config.kernel_size,
            config.posterior_layers,
            None,
        )
        self.flow = Flow(
            config.latent_channels,
            config.flow_channels,
            config.kernel_size,
            config.flow_layers,
            config.tone_dimension,
            config.couplings,
        )
        self.dec = SpectralDecoder(
            config.latent_channels,
            config.decoder_channels,
            config.decoder_blocks,
            config.decoder_expansion,
            config.tone_dimension,
            config.condition_channels,
            config.pitch_channels,
            config.sample_rate_hz,
            config.hop_samples,
            config.filter_fft_samples,
            config.filters_a_frame,
            config.input_bandwidth_hz,
        )

    def encode(self, spectrogram: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            spectrogram: linear magnitude, [batch, bins, frames].

        Returns:
            Mean and log-scale of the posterior, each [batch, latent_channels, frames].
        """
        features = torch.log(spectrogram[:, : self.heard_bins]) * 0.4 + 1.0
        mean, log_scale = self.enc_q(features)
        return mean, log_scale

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        """Speaks in a voice somewhat further from the source's than the target's tone is.

        What the encoder leaves of the source is made up for as classifier-free guidance (Ho &
        Salimans 2022) does it, by going past the target along the line from the source.

        Args:
            spectrogram: linear magnitude, [batch, bins, frames].
            source_tone: [batch, tone_dimension, 1].
            target_tone: [batch, tone_dimension, 1].
            noise: normal draw times the temperature, [batch, latent_channels, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        mean, log_scale = self.encode(spectrogram)
        latent = mean + noise * torch.exp(log_scale)
        voiceless = self.flow(latent, source_tone)
        tone = target_tone + self.emphasis * (target_tone - source_tone)
        audio: Tensor = self.dec(self.flow(voiceless, tone, reverse=True), tone)
        return audio


class CompactModel(nn.Module):
    """Both networks of the compact model, as training moves them together."""

    def __init__(self, config: CompactConfig) -> None:
        """Args:
        config: sizes.
        """
        super().__init__()
        filters = mel_filters(
            config.sample_rate_hz, config.fft_samples, config.bands, config.input_bandwidth_hz
        )
        self.tone_encoder = ToneEncoder(
            filters, config.tone_channels, config.tone_blocks, config.tone_dimension
        )
        self.converter = CompactConverter(config)
