"""Where the map of voices begins: principal components of speakers' mean envelopes by unit."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from export.networks.compact import CompactModel
from export.networks.voices import VoiceMap
from training.losses import spectrogram_of
from training.recordings import MARGIN_SAMPLES, Recording, Recordings

SHRINKAGE_FRAMES = 8.0
"""Frames of nothing that each speaker's mean of a unit is averaged with."""
SILENT_NEPERS, SILENT_SLOPE = 2.6, 3.0
"""Units this far below the loudest one count half; the slope is that of a logistic curve."""
PRECISION = 1.2
"""Precision of a frame as a share of one over the variance within its unit."""
LARGEST_STRETCH, STRETCHES = 0.24, 49
"""Nepers of frequency that are tried to each side, and how many steps."""
RIDGE = 0.3
SMALLEST_VARIANCE, SMALLEST_PRECISION = 1e-2, 1e-5


@dataclass(frozen=True)
class Statistics:
    """Sums over the frames of each speaker.

    Attributes:
        counts: Frames that fell to each unit, [speakers, units].
        sums: Sum of their coefficients, [speakers, units, coefficients].
        squares: Sum of their squares, same shape.
    """

    counts: Tensor
    sums: Tensor
    squares: Tensor


class Parts(NamedTuple):
    """What the frames of a recording consist of.

    Attributes:
        units: Probabilities of the units, [1, frames, units].
        envelope: Log-envelope as far as it is heard, [1, bands, frames].
        log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [1, 1, frames].
        voiced: 0 or 1, same shape.
    """

    units: Tensor
    envelope: Tensor
    log_f0: Tensor
    voiced: Tensor


@torch.no_grad()
def taken_apart(model: CompactModel, recording: Recording) -> Parts:
    """Analyse a whole recording.

    Args:
        model: Networks whose units and pitch are trained.
        recording: A prepared clip.

    Returns:
        Its parts.
    """
    analysis = model.converter.analysis
    padded = np.pad(recording.waveform.astype(np.float32) / 32768, MARGIN_SAMPLES, mode="reflect")
    spectrogram = spectrogram_of(torch.from_numpy(padded)[None])
    log_f0, voiced, _, envelope = analysis.source(spectrogram)
    heard = envelope[:, : analysis.heard_bands]
    return Parts(analysis.content(spectrogram), heard, log_f0, voiced)


def statistics(model: CompactModel, recordings: Recordings) -> Statistics:
    """Sum up every recording, each a speaker.

    Args:
        model: Networks whose units and pitch are trained.
        recordings: Prepared clips.

    Returns:
        The sums.
    """
    voices = model.converter.analysis.voices
    rows = []
    for row in tqdm(recordings.rows, "voices"):
        parts = taken_apart(model, row)
        units, cepstra = parts.units[0], voices.cepstra(parts.envelope)[0]
        rows.append((units.sum(0), (cepstra @ units).T, (cepstra**2 @ units).T))
    counts, sums, squares = (torch.stack(column) for column in zip(*rows, strict=True))
    return Statistics(counts, sums, squares)


def begin(model: CompactModel, found: Statistics) -> None:
    """Set the map of voices and what is known before a voice is.

    Args:
        model: Networks whose map is overwritten.
        found: Sums over speakers.
    """
    voices, prior = model.converter.analysis.voices, model.tone_encoder.prior
    units, coefficients, dimension = voices.basis.shape
    total = found.counts.sum(0).clamp(min=1e-3)
    mean = found.sums.sum(0) / total[:, None]
    level = mean[:, 0] * voices.cosines[0, 0]
    speaking = torch.sigmoid((level - level.max() + SILENT_NEPERS) * SILENT_SLOPE)
    away = found.sums - found.counts[:, :, None] * mean
    # How loud each recording is belongs to nobody's voice.
    weight = found.counts * speaking
    loudness = (away[:, :, 0] * speaking).sum(1) / weight.sum(1)
    away[:, :, 0] -= found.counts * loudness[:, None]
    shrunk = away / (found.counts + SHRINKAGE_FRAMES)[:, :, None] * speaking[:, None]
    _, values, directions = torch.linalg.svd(shrunk.flatten(1), full_matrices=False)
    known = min(dimension, len(values))
    scaled = directions[:known] * (values[:known, None] / math.sqrt(len(shrunk)))
    scaled = functional.pad(scaled, (0, 0, 0, dimension - known))
    variance = found.squares.sum(0) / total[:, None] - mean**2
    precision = PRECISION * speaking[:, None] / variance.clamp(min=SMALLEST_VARIANCE)
    with torch.no_grad():
        voices.mean.copy_(mean)
        prior.log_precision.copy_(torch.log(precision + SMALLEST_PRECISION))
        map_of = scaled.T.reshape(units, coefficients, dimension) * speaking[:, None, None]
        voices.basis.copy_(map_of)
        spoken = prior.solve(voices, found.counts, found.sums)[:, :, 0]
        stretches = tract_stretches(voices, spoken, total * speaking)
        voices.tract.direction.copy_(regression(spoken, stretches)[None] / voices.tract.UNIT)


def tract_stretches(voices: VoiceMap, known: Tensor, weights: Tensor) -> Tensor:
    """Find how the mean voice has to be stretched over frequency to come near each voice.

    Args:
        voices: Map from a voice to the envelope.
        known: Voices, [speakers, dimension].
        weights: How much each unit counts, [units].

    Returns:
        Logarithm of the factor of each, their mean taken off, [speakers].
    """
    shares = (weights / weights.sum())[:, None]
    # Units are the frames of a clip of the mean voice.
    mean = voices.bands(voices.mean.T[None])
    cepstra = voices.mean + torch.einsum("ucd,sd->suc", voices.basis, known)
    wanted = voices.bands(cepstra.transpose(1, 2)).transpose(1, 2)
    factors = torch.linspace(-LARGEST_STRETCH, LARGEST_STRETCH, STRETCHES)
    distances = []
    for factor in factors:
        away = wanted - voices.tract(mean, factor.reshape(1, 1, 1))[0].T
        away = away - away.mean(2, keepdim=True)
        distances.append((away.square().mean(2, keepdim=True) * shares).sum((1, 2)))
    nearest = factors[torch.stack(distances, 1).argmin(1)]
    return nearest - nearest.mean()


def regression(known: Tensor, values: Tensor) -> Tensor:
    """Predict a number from voices linearly, by ridge regression.

    Args:
        known: Voices, [speakers, dimension].
        values: [speakers].

    Returns:
        Weights, [dimension].
    """
    centred = known - known.mean(0)
    gram = centred.T @ centred + RIDGE * len(known) * torch.eye(known.shape[1])
    weights: Tensor = torch.linalg.solve(gram, centred.T @ values)
    return weights


def embeddings(critic: nn.Module, recordings: Recordings, seconds: float = 10.0) -> Tensor:
    """Embed the beginning of every recording.

    Args:
        critic: Speaker encoder of waveforms, [batch, samples] at 22050 Hz.
        recordings: Prepared clips.
        seconds: How much of each is heard.

    Returns:
        Unit vectors, [recordings, dimension].
    """
    found = []
    for row in tqdm(recordings.rows, "critics"):
        heard = row.waveform[: round(seconds * 22050)].astype(np.float32) / 32768
        with torch.inference_mode():
            found.append(critic(torch.from_numpy(heard)[None])[0])
    # Tensors made in inference mode take no part in gradients; copies do.
    return torch.stack(found).clone()
