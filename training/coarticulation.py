"""The stage of training that learns what sounds and prosody change in an envelope."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from export.networks.compact import CompactModel
from training import eigenvoices
from training.loop import Stage
from training.recordings import Recording, Recordings


@dataclass(frozen=True)
class Half:
    """Half of a recording, and the voice that the other half was heard to have.

    Attributes:
        units: Probabilities of the units, [frames, units].
        cepstra: Cosine coefficients of the envelope, [frames, coefficients].
        prosody: See `prosody_of`, [frames, channels].
        voice: [dimension, 1].
    """

    units: Tensor
    cepstra: Tensor
    prosody: Tensor
    voice: Tensor


class CoarticulationStage(Stage):
    """What the map of voices leaves unexplained of envelopes, from the sounds and prosody about.

    Args:
        model: Networks whose units, pitch and map of voices are trained.
        recordings: Prepared clips.
    """

    BATCH, FRAMES, FIRST_FRAME = 24, 160, 20
    UNSURE, UNSURE_FRAMES, SMALLEST_SHARE = 0.7, 4, 1e-4
    """The units of unseen speakers are less sure than those that were trained on: normal noise of
    this deviation is added to their logits, another every so many frames."""
    LARGEST_WEIGHT = 5.0
    rates: ClassVar[Mapping[str, float]] = {"coarticulation": 1.0}
    weights: ClassVar[Mapping[str, float]] = {"unexplained": 1.0}

    def __init__(self, model: CompactModel, recordings: Recordings) -> None:
        self.converter, self.random = model.converter, recordings.random
        self.networks = nn.ModuleDict({"coarticulation": self.converter.coarticulation})
        self.converter.analysis.voices.requires_grad_(False)
        precision = torch.exp(model.tone_encoder.prior.log_precision.detach()).mean(1)
        self.unit_weights = (precision / precision.mean()).clamp(max=self.LARGEST_WEIGHT)
        self.halves = list[Half]()
        for row in tqdm(recordings.rows, "frames"):
            self.halves += self.halved(model, row)
        lengths = np.array([len(half.units) for half in self.halves], np.float64)
        self.shares = lengths / lengths.sum()

    def halved(self, model: CompactModel, row: Recording) -> list[Half]:
        """Take a recording apart, its halves one by one."""
        parts, encoder = eigenvoices.taken_apart(model, row), model.tone_encoder
        units = parts.units.chunk(2, 1)
        bands, log_f0, voiced = (part.chunk(2, 2) for part in parts[1:])
        voices = self.converter.analysis.voices
        halves = []
        for half, other in ((0, 1), (1, 0)):
            with torch.no_grad():
                voice = encoder.prior(voices, units[other], bands[other])[0]
                level = encoder.pitch(log_f0[other], voiced[other])[:, :1]
                spoken = bands[half], log_f0[half], voiced[half]
                prosody = self.converter.prosody(*spoken, level)[0].T
                cepstra = voices.cepstra(bands[half])[0].T
            halves.append(Half(units[half][0], cepstra, prosody, voice))
        return halves

    def crop(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draw a stretch of a half, short ones padded by frames of no unit."""
        half = self.halves[int(self.random.choice(len(self.halves), p=self.shares))]
        first = int(self.random.integers(0, max(1, len(half.units) - self.FRAMES + 1)))
        part = slice(first, first + self.FRAMES)
        missing = max(0, self.FRAMES - len(half.units))
        units, cepstra, prosody = (
            functional.pad(frames[part], (0, 0, 0, missing))
            for frames in (half.units, half.cepstra, half.prosody)
        )
        return units, cepstra, prosody, half.voice

    def terms(self) -> dict[str, Tensor]:
        """Explain envelopes by what is expected of another half's voice, and by the frames about.

        Loudness is nobody's; units count by how precisely envelopes follow a voice in them.
        """
        columns = zip(*(self.crop() for _ in range(self.BATCH)), strict=True)
        sure, cepstra, prosody, voices = (torch.stack(column) for column in columns)
        weights = torch.matmul(sure, self.unit_weights)[:, self.FIRST_FRAME :]
        steps = -(-self.FRAMES // self.UNSURE_FRAMES)
        noise = torch.randn(self.BATCH, steps, sure.shape[2]) * self.UNSURE
        noise = noise.repeat_interleave(self.UNSURE_FRAMES, 1)[:, : self.FRAMES]
        units = torch.softmax(torch.log(sure + self.SMALLEST_SHARE) + noise, 2)
        explained = self.converter.explained(units, voices, prosody.transpose(1, 2))
        left = (cepstra - explained.transpose(1, 2))[:, self.FIRST_FRAME :, 1:]
        squares = left.square().sum(2)
        return {"unexplained": (squares * weights).sum() / weights.sum()}
