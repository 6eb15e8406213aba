"""Networks of a few weights with the two interfaces of a model."""

import torch
from torch import Tensor, nn

from export.bundle import BundleFacts
from runtime.interface import GraphInterface

HOP = 256
BINS, TONE, LATENT = 513, 256, 4


class ToyEncoder(nn.Module):
    """Mean over time, then a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(BINS, TONE)

    def forward(self, spectrogram: Tensor) -> Tensor:
        tone: Tensor = self.proj(spectrogram.log().mean(2))
        return tone.unsqueeze(2)


class ToyConverter(nn.Module):
    """A convolution to each side and one up to samples."""

    def __init__(self, kernel_size: int = 5, bias: float = 0.0) -> None:
        super().__init__()
        self.pre = nn.Conv1d(BINS, LATENT, kernel_size, padding=kernel_size // 2)
        self.tones = nn.Conv1d(2 * TONE, LATENT, 1)
        self.up = nn.ConvTranspose1d(LATENT, 1, HOP, HOP)
        self.bias = bias

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        tones = self.tones(torch.cat([source_tone, target_tone], dim=1))
        latent = torch.tanh(self.pre(spectrogram) + tones) + noise
        return torch.tanh(self.up(latent)) + self.bias


class StackedConverter(ToyConverter):
    """One with residual blocks, as generators have them; the last block is the most sensitive."""

    def __init__(self) -> None:
        super().__init__()
        self.widen = nn.Conv1d(LATENT, 32, 1)
        blocks = [nn.Conv1d(32, 32, 5, padding=2) for _ in range(4)]
        self.blocks = nn.ModuleList(blocks)
        self.narrow = nn.Conv1d(32, LATENT, 1)
        with torch.no_grad():
            blocks[-1].weight.mul_(8)

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        tones = self.tones(torch.cat([source_tone, target_tone], dim=1))
        hidden = self.widen(torch.tanh(self.pre(spectrogram) + tones) + noise)
        for block in self.blocks:
            hidden = hidden + block(nn.functional.leaky_relu(hidden, 0.1))
        return torch.tanh(self.up(self.narrow(hidden)))


class WholeClipConverter(ToyConverter):
    """One that is not local in time."""

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        normalised = spectrogram - spectrogram.mean(2, keepdim=True)
        return super().forward(normalised, source_tone, target_tone, noise)


ENCODER_INTERFACE = GraphInterface(
    "tone_encoder.onnx", {"spectrogram": (None, BINS, None)}, "tone", (None, TONE, 1)
)
CONVERTER_INTERFACE = GraphInterface(
    "tone_converter.onnx",
    {
        "spectrogram": (None, BINS, None),
        "source_tone": (None, TONE, 1),
        "target_tone": (None, TONE, 1),
        "noise": (None, LATENT, None),
    },
    "audio",
    (None, 1, None),
)
FACTS = BundleFacts(
    name="toy",
    variant="compact",
    sample_rate_hz=22050,
    fft_samples=1024,
    hop_samples=HOP,
    tone_dimension=TONE,
    latent_channels=LATENT,
    input_bandwidth_hz=8000,
    tau_curve=((0.0, 0.0), (1.0, 1.0)),
    window_frames=64,
    licence="MIT",
    provenance="drawn at random",
    quality={"words": "none"},
)


def toys() -> tuple[ToyEncoder, ToyConverter]:
    """Draw a seeded pair."""
    torch.manual_seed(0)
    return ToyEncoder().eval(), ToyConverter().eval()
