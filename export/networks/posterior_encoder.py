"""The posterior encoder: spectrogram frames to a normal distribution over latents."""

from torch import Tensor, nn

from export.networks.wavenet import WaveNet


class PosteriorEncoder(nn.Module):
    """VITS's posterior encoder (Kim et al. 2021): a 1x1 convolution, a WaveNet, a projection.

    Args:
        bins: Channels of the input features.
        latent_channels: Channels of the latent.
        hidden_channels: Channels of the WaveNet.
        kernel_size: Kernel of the WaveNet, in frames.
        layers: Layers of the WaveNet.
        tone_dimension: Size of the tone embedding; None for an encoder without a condition.
    """

    def __init__(
        self,
        bins: int,
        latent_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        tone_dimension: int | None,
    ) -> None:
        super().__init__()
        self.pre = nn.Conv1d(bins, hidden_channels, 1)
        self.enc = WaveNet(hidden_channels, kernel_size, layers, tone_dimension)
        self.proj = nn.Conv1d(hidden_channels, 2 * latent_channels, 1)

    def forward(self, features: Tensor, tone: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Encode features.

        Args:
            features: [batch, bins, frames].
            tone: [batch, tone_dimension, 1], or None.

        Returns:
            Mean and log-scale of the posterior, each [batch, latent_channels, frames].
        """
        mean, log_scale = self.proj(self.enc(self.pre(features), tone)).chunk(2, dim=1)
        return mean, log_scale
