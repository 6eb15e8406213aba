"""Pitch and voicing of a spectrogram."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.blocks import ConvNeXtBlock
from export.networks.excitation import CENTRE_HZ

LOWEST_HZ, HIGHEST_HZ = 50.0, 600.0
CANDIDATES = 96
NEIGHBOURS = 3
"""Candidates to each side of the best one that a pitch is the mean of."""
PARTIALS_BINS = 140
"""Bins of the spectrum that are seen directly, up to 3 kHz."""
COMPRESSION = 0.6
"""Power that magnitudes are raised to before the autocorrelation (Tolonen & Karjalainen 2000)."""


def candidates_hz() -> Tensor:
    """Give the pitches that are told apart, evenly spaced in log frequency, float64."""
    span = torch.linspace(math.log(LOWEST_HZ), math.log(HIGHEST_HZ), CANDIDATES).double()
    return torch.exp(span)


class PitchTracker(nn.Module):
    """A convolutional classifier of frames into pitches, as CREPE is (Kim et al. 2018).

    It sees the lower part of the spectrum and its autocorrelation at the period of each candidate.

    Args:
        fft_samples: FFT length of the spectrogram.
        sample_rate_hz: Sample rate.
        channels: Width.
        blocks: Number of blocks; each looks one frame ahead.
    """

    cosines: Tensor
    levels: Tensor

    def __init__(self, fft_samples: int, sample_rate_hz: int, channels: int, blocks: int) -> None:
        super().__init__()
        bins = torch.arange(fft_samples // 2 + 1, dtype=torch.float64) * sample_rate_hz
        angles = 2 * math.pi * (bins / fft_samples) / candidates_hz()[:, None]
        # Partials above 2.5 kHz say little of a pitch, and those near 0 Hz are rumble.
        weight = torch.exp(-((bins / fft_samples / 2500) ** 2)) * (bins / fft_samples > 40)
        self.register_buffer("cosines", (torch.cos(angles) * weight).float(), persistent=False)
        levels = (torch.log(candidates_hz()) - math.log(CENTRE_HZ)).float()
        self.register_buffer("levels", levels, persistent=False)
        self.embed = nn.Conv1d(PARTIALS_BINS + CANDIDATES, channels, 1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(channels, 2, 1) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, CANDIDATES + 1)

    def scores(self, spectrogram: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Score every candidate.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Logits of the candidates, [batch, frames, candidates], logit of being voiced,
            [batch, frames, 1], and the features that both are read off, [batch, frames, channels].
        """
        compressed = spectrogram**COMPRESSION
        total = compressed.mean(1, keepdim=True)
        partials = torch.log(spectrogram[:, :PARTIALS_BINS]) * 0.3
        correlation = torch.matmul(self.cosines, compressed) / (total * 40)
        hidden = self.embed(torch.cat([partials, correlation], 1))
        for block in self.blocks:
            hidden = block(hidden)
        normed = self.norm(hidden.transpose(1, 2))
        logits, voicing = self.head(normed).split([CANDIDATES, 1], dim=2)
        return logits, voicing, normed

    def forward(self, spectrogram: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Track the pitch.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Natural logarithm of F0 over `CENTRE_HZ`, 0 or 1 where unvoiced or voiced, each
            [batch, 1, frames], and the features that both are read off, [batch, frames, channels].
        """
        logits, voicing, features = self.scores(spectrogram)
        best = logits.argmax(2, keepdim=True).to(logits.dtype)
        places = torch.arange(CANDIDATES, dtype=logits.dtype, device=logits.device)
        near = ((places - best).abs() <= NEIGHBOURS).to(logits.dtype)
        weights = torch.exp(logits - logits.amax(2, keepdim=True)) * near
        level = (weights * self.levels).sum(2) / weights.sum(2)
        voiced = (voicing > 0).to(logits.dtype).transpose(1, 2)
        return level.unsqueeze(1), voiced, features


def pitch_loss(logits: Tensor, voicing: Tensor, contour_hz: Tensor) -> Tensor:
    """Compare scores with a pitch that is known.

    Args:
        logits: Logits of the candidates, [batch, frames, candidates].
        voicing: Logit of being voiced, [batch, frames, 1].
        contour_hz: F0 in hertz, 0 where unvoiced, [batch, frames].

    Returns:
        Cross-entropy of the candidates where voiced plus that of voicing, a scalar.
    """
    voiced = (contour_hz > 0).to(logits.dtype)
    span = math.log(HIGHEST_HZ / LOWEST_HZ)
    place = torch.log(contour_hz.clamp(LOWEST_HZ, HIGHEST_HZ) / LOWEST_HZ) / span
    distance = torch.arange(CANDIDATES) - place[:, :, None] * (CANDIDATES - 1)
    wanted = torch.softmax(-0.5 * distance**2, dim=2)
    each = -(wanted * functional.log_softmax(logits, dim=2)).sum(2)
    pitch = (each * voiced).sum() / (voiced.sum() + 1)
    return pitch + functional.binary_cross_entropy_with_logits(voicing.squeeze(2), voiced)
