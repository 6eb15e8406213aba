"""OpenVoice's tone colour converter (Qin et al. 2023)."""

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
    """Reference encoder, posterior encoder, flow and generator of V1 and V2.

    In V2 (`zero_g`) only the flow depends on the tones. Its posterior encoder and generator were
    trained with a zero tone, so that they are built without a condition here.

    Args:
        config: Sizes of the converter.
        conditioned: Whether the posterior encoder and the generator take tones.
    """

    def __init__(self, config: ConverterConfig, *, conditioned: bool) -> None:
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
        """Convert speech.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].
            source_tone: Tone of the source, [batch, gin_channels, 1].
            target_tone: Tone to convert to, [batch, gin_channels, 1].
            noise: Normal draw times the temperature, [batch, inter_channels, frames].

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
