"""OpenVoice's tone colour converter (Qin et al. 2023), whole."""

import torch
from torch import Tensor, nn

from export.config import ConverterConfig
from export.networks.flow import Flow
from export.networks.generator import Generator
from export.networks.posterior_encoder import PosteriorEncoder
from export.networks.reference_encoder import ReferenceEncoder

POSTERIOR_LAYERS = 16
FLOW_LAYERS = 4
WAVENET_KERNEL_SIZE = 5


class ToneColourConverter(nn.Module):
    """Reference encoder, posterior encoder, flow and generator; V1 and V2 alike.

    V2 (`zero_g`) shows its tones to the flow alone: its posterior encoder and its generator were
    trained with a tone of zeros, so that they are built without a condition here.
    """

    def __init__(self, config: ConverterConfig, *, conditioned: bool) -> None:
        """Args:
        config: sizes.
        conditioned: whether posterior encoder and generator see the tones.
        """
        super().__init__()
        tone_dimension = config.gin_channels if conditioned else None
        self.conditioned = conditioned
        self.ref_enc = ReferenceEncoder(config.bins, config.gin_channels)
        self.enc_q = PosteriorEncoder(
            config.bins,
            config.inter_channels,
            config.hidden_channels,
            WAVENET_KERNEL_SIZE,
            POSTERIOR_LAYERS,
            tone_dimension,
        )
        self.flow = Flow(
            config.inter_channels,
            config.hidden_channels,
            WAVENET_KERNEL_SIZE,
            FLOW_LAYERS,
            config.gin_channels,
        )
        self.dec = Generator(
            config.inter_channels,
            config.upsample_initial_channel,
            config.upsample_rates,
            config.upsample_kernel_sizes,
            config.resblock_kernel_sizes,
            config.resblock_dilation_sizes,
            tone_dimension,
        )

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        """Args:
            spectrogram: linear magnitude, [batch, bins, frames].
            source_tone: [batch, gin_channels, 1].
            target_tone: [batch, gin_channels, 1].
            noise: normal draw times the temperature, [batch, inter_channels, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        seen_source = source_tone if self.conditioned else None
        seen_target = target_tone if self.conditioned else None
        mean, log_scale = self.enc_q(spectrogram, seen_source)
        latent = mean + noise * torch.exp(log_scale)
        voiceless = self.flow(latent, source_tone)
        voiced = self.flow(voiceless, target_tone, reverse=True)
        audio: Tensor = self.dec(voiced, seen_target)
        return audio
