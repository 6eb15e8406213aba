"""DistillMOS (Stahl & Gamper 2025): a learned mean opinion score that gradients go through."""

import sys
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.resampling import Resampler

WINDOW_SAMPLES = 122_880
"""What the network hears at once, 7.68 s at 16 kHz."""
DITHER = 2e-4
"""Noise that is added: where a spectrum is zero, the network's compression has no gradient."""


class DistillMos(nn.Module):
    """The opinion of a batch of crops that are heard one after another.

    The weights are those that the package ships, and stay frozen.
    """

    def __init__(self) -> None:
        super().__init__()
        # Only the package's command reads files with torchaudio, whose wheels need CUDA.
        sys.modules.setdefault("torchaudio", ModuleType("torchaudio"))
        from distillmos import ConvTransformerSQAModel

        self.network = ConvTransformerSQAModel(segmenting_in_forward=False).eval()
        self.network.requires_grad_(False)
        self.resampler = Resampler()

    def forward(self, waveforms: Tensor) -> Tensor:
        """Rate speech.

        Args:
            waveforms: [batch, samples] at 22050 Hz, 7.68 s in all; more is not heard.

        Returns:
            Mean opinion score from 1 to 5, a scalar.
        """
        heard = self.resampler(waveforms).flatten()[:WINDOW_SAMPLES]
        heard = functional.pad(heard, (0, WINDOW_SAMPLES - len(heard)))
        score: Tensor = self.network((heard + DITHER * torch.randn_like(heard))[None]).mean()
        return score
