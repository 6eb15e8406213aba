"""OpenVoice's reference encoder: the spectrogram of a clip to one tone embedding."""

from torch import Tensor, nn
from torch.nn import functional

CONVOLUTION_CHANNELS = (32, 32, 64, 64, 128, 128)
RECURRENT_CHANNELS = 128


class ReferenceEncoder(nn.Module):
    """Reference encoder of global style tokens (Skerry-Ryan et al. 2018), on linear spectrograms.

    Every frame is layer-normalised over its bins, six convolutions of stride 2 shrink bins and
    frames by 64, and the last state of a GRU over the result is projected to the embedding. A
    stride rounds up, so a single frame is enough.

    Args:
        bins: Number of bins of the spectrogram.
        tone_dimension: Size of the embedding.
    """

    def __init__(self, bins: int, tone_dimension: int) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(bins)
        inputs = (1, *CONVOLUTION_CHANNELS[:-1])
        self.convs = nn.ModuleList(
            nn.Conv2d(into, out, 3, stride=2, padding=1)
            for into, out in zip(inputs, CONVOLUTION_CHANNELS, strict=True)
        )
        bands = bins
        for _ in CONVOLUTION_CHANNELS:
            bands = (bands + 1) // 2
        self.flatten = nn.Flatten(2)
        self.gru = nn.GRU(CONVOLUTION_CHANNELS[-1] * bands, RECURRENT_CHANNELS, batch_first=True)
        self.proj = nn.Linear(RECURRENT_CHANNELS, tone_dimension)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Embed a clip.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Tone embedding, [batch, tone_dimension, 1].
        """
        hidden = self.layernorm(spectrogram.transpose(1, 2)).unsqueeze(1)
        for convolution in self.convs:
            hidden = functional.relu(convolution(hidden))
        _, last = self.gru(self.flatten(hidden.transpose(1, 2)))
        tone: Tensor = self.proj(last.squeeze(0)).unsqueeze(2)
        return tone
