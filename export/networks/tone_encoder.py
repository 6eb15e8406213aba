"""The compact model's reference encoder: a clip's spectrogram to one tone embedding."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ToneEncoder(nn.Module):
    """A time-delay network with attentive statistics pooling (Okabe et al. 2018).

    Frames are described by the log of a fixed triangular filter bank, so that a clip of any length
    above zero gives an embedding; their mean is taken off, so that loudness is no part of a voice.
    """

    filters: Tensor

    def __init__(self, filters: Tensor, channels: int, blocks: int, tone_dimension: int) -> None:
        """Args:
        filters: filter bank, [bands, bins], on the linear magnitude.
        channels: width.
        blocks: number of residual dilated convolutions.
        tone_dimension: size of the embedding.
        """
        super().__init__()
        self.register_buffer("filters", filters, persistent=False)
        bands = filters.shape[0]
        self.embed = nn.Conv1d(bands, channels, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Conv1d(channels, channels, 3, padding=2 + block, dilation=2 + block)
            for block in range(blocks)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(1, channels) for _ in range(blocks))
        self.attention = nn.Sequential(
            nn.Conv1d(channels, 64, 1), nn.Tanh(), nn.Conv1d(64, channels, 1)
        )
        self.proj = nn.Linear(2 * channels + 2 * bands, tone_dimension)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Args:
            spectrogram: linear magnitude, [batch, bins, frames].

        Returns:
            Tone embedding, [batch, tone_dimension, 1].
        """
        bands = torch.log(torch.matmul(self.filters, spectrogram)) * 0.4
        bands = bands - bands.mean(dim=(1, 2), keepdim=True)
        hidden = functional.relu(self.embed(bands))
        for convolution, norm in zip(self.blocks, self.norms, strict=True):
            hidden = hidden + functional.relu(norm(convolution(hidden)))
        weights = torch.softmax(self.attention(hidden), dim=2)
        mean = (weights * hidden).sum(2)
        variance = (weights * hidden**2).sum(2) - mean**2
        band_mean = bands.mean(2)
        band_variance = ((bands - band_mean.unsqueeze(2)) ** 2).mean(2)
        statistics = [mean, torch.sqrt(variance.clamp(min=1e-4))]
        statistics += [band_mean, torch.sqrt(band_variance + 1e-4)]
        tone: Tensor = self.proj(torch.cat(statistics, dim=1))
        return tone.unsqueeze(2)
