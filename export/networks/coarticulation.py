"""What the sounds about a frame, and how it is spoken, change in its envelope."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.blocks import ConvNeXtBlock

PROSODY_CHANNELS = 4
LOUDNESS_FRAMES = 2


def risen(signal: Tensor, frames: int) -> Tensor:
    """Tell how much a signal has risen in some frames, 0 where nothing lies before.

    Args:
        signal: [batch, channels, frames].
        frames: Distance of the frames that are compared.

    Returns:
        Same shape.
    """
    change = signal[..., frames:] - signal[..., :-frames]
    return functional.pad(change, (frames, 0))


def prosody_of(log_f0: Tensor, voiced: Tensor, level: Tensor, loudness: Tensor) -> Tensor:
    """Describe how frames are spoken, whoever speaks and however loud the recording is.

    Args:
        log_f0: Natural logarithm of F0, [batch, 1, frames].
        voiced: 0 or 1, same shape.
        level: The voice's usual `log_f0`, [batch, 1, 1].
        loudness: First cosine coefficient of the log-envelope, [batch, 1, frames].

    Returns:
        Voicing, pitch over the voice's level, and how much pitch and loudness have risen, scaled to
        about 1, [batch, PROSODY_CHANNELS, frames].
    """
    pitch = (log_f0 - level) * voiced
    both_voiced = voiced * (1 - risen(voiced, 1).abs())
    rises = 10.0 * risen(log_f0, 1) * both_voiced, 0.2 * risen(loudness, LOUDNESS_FRAMES)
    return torch.cat([voiced, 4.0 * pitch, *rises], 1)


class Coarticulation(nn.Module):
    """What neighbouring sounds and prosody change in the envelope that a voice gives to units.

    It sees each frame as its units, as what is expected of the voice there and as its prosody, so
    that every voice has its own way from sound to sound and of raising its voice.

    Args:
        units: Number of phonetic units.
        coefficients: Cosine coefficients of an envelope.
        channels: Width.
        blocks: Number of blocks.
        ahead: Number of blocks, the first ones, that look a frame ahead; the others look back only.
    """

    UNITS_SCALE, EXPECTED_SCALE = 4.0, 0.3

    def __init__(
        self, units: int, coefficients: int, channels: int, blocks: int, ahead: int
    ) -> None:
        super().__init__()
        self.embed = nn.Conv1d(units + coefficients + PROSODY_CHANNELS, channels, 1)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(channels, 2, int(block < ahead)) for block in range(blocks)
        )
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(channels, coefficients)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, units: Tensor, expected: Tensor, prosody: Tensor) -> Tensor:
        """Give what is added to the expected envelope.

        Args:
            units: Probabilities of the units, [batch, frames, units].
            expected: What is expected of the voice, cosine coefficients,
                [batch, coefficients, frames].
            prosody: See `prosody_of`, [batch, PROSODY_CHANNELS, frames].

        Returns:
            Cosine coefficients, [batch, coefficients, frames].
        """
        scaled = self.UNITS_SCALE * units.transpose(1, 2), self.EXPECTED_SCALE * expected
        hidden = self.embed(torch.cat([*scaled, prosody], 1))
        for block in self.blocks:
            hidden = block(hidden)
        added: Tensor = self.head(self.norm(hidden.transpose(1, 2))).transpose(1, 2)
        return added
