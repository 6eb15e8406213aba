"""Stages of training on crops: units, pitch, rendering, and conversions across speakers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.compact import CompactConverter, CompactModel, moved_pitch
from export.networks.excitation import CENTRE_HZ, LOWEST_HZ
from export.networks.pitch import pitch_loss
from training.augment import augmented, stretched, with_gaps
from training.degrade import CONDITIONS
from training.loop import Stage
from training.losses import SpectralLoss, misheard, mistaken, spectrogram_of
from training.recordings import MARGIN_SAMPLES, Crop, Recordings
from training.units import memberships

HEARD_HZ, SYNTHESISED_HZ = 7600.0, 11000.0
"""Where the spectral losses end: recordings at 16 kHz hold little above the first, Kokoro's up to
the second."""
TEMPERATURE = 0.3

Listener = Callable[[Tensor], list[Tensor]]
Critic = Callable[[Tensor], Tensor]
Quality = Callable[[Tensor], Tensor]
HIGHEST_OPINION = 5.0


def waveforms_of(crops: list[Crop]) -> Tensor:
    """Give the waveforms of crops, [batch, samples]."""
    return torch.from_numpy(np.stack([crop.waveform for crop in crops]))


def levelled(
    waveforms: Tensor, random: np.random.Generator, level_db: tuple[float, float]
) -> Tensor:
    """Change each waveform's level by a random number of decibels within bounds."""
    levels_db = torch.from_numpy(random.uniform(*level_db, size=(len(waveforms), 1))).float()
    return waveforms * 10 ** (levels_db / 20)


def spectra(crops: list[Crop]) -> Tensor:
    """Give the spectrograms of crops, [batch, bins, frames]."""
    return spectrogram_of(waveforms_of(crops))


def contours(crops: list[Crop]) -> Tensor:
    """Give the pitch of crops in hertz, [batch, frames]."""
    return torch.from_numpy(np.stack([crop.contour_hz for crop in crops]))


class ContentStage(Stage):
    """Frames into units, and the recogniser's features off the same hidden state.

    Args:
        model: Networks.
        recordings: Prepared clips.
        centres: Centres of the units, [units, channels].
        variance: Sum of the variances of the recogniser's channels.
    """

    BATCH, FRAMES, FIRST_FRAME = 12, 140, 30
    rates: ClassVar[Mapping[str, float]] = {"content": 1.0, "features": 1.0}
    weights: ClassVar[Mapping[str, float]] = {"units": 1.0, "features": 1.0}

    def __init__(
        self, model: CompactModel, recordings: Recordings, centres: Tensor, variance: float
    ) -> None:
        self.content = model.converter.analysis.content
        self.features = nn.Linear(self.content.head.in_features, centres.shape[1])
        self.networks = nn.ModuleDict({"content": self.content, "features": self.features})
        self.recordings, self.centres, self.variance = recordings, centres, variance

    def terms(self) -> dict[str, Tensor]:
        """Compare units and features with the recogniser's; frames without a past do not count."""
        crops = self.recordings.crops(self.BATCH, self.FRAMES)
        random = self.recordings.random
        heard = with_gaps(augmented(spectra(crops), random, warp=True), random)
        hidden = self.content.hidden(heard)
        hidden = hidden[:, self.FIRST_FRAME :]
        features = torch.from_numpy(np.stack([crop.features for crop in crops]))
        features = features[:, self.FIRST_FRAME :]
        wanted = memberships(features, self.centres, self.variance)
        guessed = functional.log_softmax(self.content.head(hidden), dim=2)
        agreed = (guessed.argmax(2) == wanted.argmax(2)).float().mean()
        return {
            "units": -(wanted * guessed).sum(2).mean(),
            "features": misheard([self.features(hidden)], [features]),
            "agreed": agreed,
        }


class PitchStage(Stage):
    """Praat's pitch and voicing, off spectra whose scale of frequency is often stretched.

    Args:
        model: Networks.
        recordings: Prepared clips.
    """

    BATCH, FRAMES, SHARE, STRETCH = 12, 80, 0.4, 0.35
    rates: ClassVar[Mapping[str, float]] = {"pitch": 1.0}
    weights: ClassVar[Mapping[str, float]] = {"pitch": 1.0}

    def __init__(self, model: CompactModel, recordings: Recordings) -> None:
        self.pitch = model.converter.analysis.pitch
        self.networks = nn.ModuleDict({"pitch": self.pitch})
        self.recordings = recordings

    def terms(self) -> dict[str, Tensor]:
        """Compare the tracker's scores with Praat's pitch."""
        random = self.recordings.random
        crops = self.recordings.crops(self.BATCH, self.FRAMES)
        items, pitch = [], contours(crops)
        for index, item in enumerate(spectra(crops)):
            factor = 1.0
            if random.random() < self.SHARE:
                factor = float(np.exp(random.uniform(-self.STRETCH, self.STRETCH)))
            items.append(stretched(item, factor))
            pitch[index] *= factor
        scores = self.pitch.scores(augmented(torch.stack(items), random, warp=False))
        return {"pitch": pitch_loss(*scores[:2], pitch)}


class RenderingStage(Stage):
    """Recordings made again of their own envelope and pitch.

    Args:
        model: Networks.
        recordings: Prepared clips.
    """

    BATCH, FRAMES, LEVEL_DB = 8, 80, (-14.0, 6.0)
    rates: ClassVar[Mapping[str, float]] = {"renderer": 1.0, "breath": 0.3, "pitch": 0.3}
    weights: ClassVar[Mapping[str, float]] = {"spectral": 1.0, "pitch": 0.1}

    def __init__(self, model: CompactModel, recordings: Recordings) -> None:
        self.converter, self.recordings = model.converter, recordings
        self.networks = nn.ModuleDict(
            {
                "renderer": self.converter.renderer,
                "breath": self.converter.breath,
                "pitch": self.converter.analysis.pitch,
            }
        )
        self.spectral = SpectralLoss(HEARD_HZ)

    def terms(self) -> dict[str, Tensor]:
        """Render with Praat's pitch and compare with the recording."""
        random, converter = self.recordings.random, self.converter
        crops = self.recordings.crops(self.BATCH, self.FRAMES)
        waveforms = levelled(waveforms_of(crops), random, self.LEVEL_DB)
        spectrogram = spectrogram_of(waveforms)
        logits, voicing, features = converter.analysis.pitch.scores(spectrogram)
        pitch = contours(crops)
        voiced = (pitch > 0).float()[:, None]
        log_f0_hz = torch.log(pitch.clamp(min=LOWEST_HZ))[:, None]
        envelope = converter.analysis.envelope(spectrogram, log_f0_hz, voiced)
        log_f0 = log_f0_hz - np.log(CENTRE_HZ)
        filters = converter.renderer.filters(
            envelope, converter.breathiness(features), log_f0, voiced
        )
        made = rendered(converter, filters, envelope, log_f0, voiced)
        wanted = waveforms[:, MARGIN_SAMPLES:-MARGIN_SAMPLES]
        return {
            "spectral": self.spectral(made, wanted),
            "pitch": pitch_loss(logits, voicing, pitch),
        }


def rendered(
    converter: CompactConverter,
    filters: Tensor,
    envelope: Tensor,
    log_f0: Tensor,
    voiced: Tensor,
) -> Tensor:
    """Filter an excitation that no gradient goes through, [batch, samples]."""
    with torch.no_grad():
        pulses = converter.pulses(log_f0, voiced)
        noise = converter.noise(envelope + TEMPERATURE * torch.randn_like(envelope))
    waveform: Tensor = converter.renderer.synthesise(filters, pulses, noise).squeeze(1)
    return waveform


@dataclass(frozen=True)
class Exchange:
    """Speakers that are given each other's voices.

    Attributes:
        indices: Recordings, one a speaker.
        crops: Their speech.
        shift: How many places before its own the voice lies that each is given.
        parallel: Whether both of a pair say the same at the same moments.
    """

    indices: list[int]
    crops: list[Crop]
    shift: int
    parallel: bool


class ConversionStage(Stage):
    """Speech as itself and as another speaker of the batch, heard by a recogniser and by critics.

    Some batches are parallel speech, where it is known what the other speaker would have sounded
    like, up to the details of two syntheses.

    Args:
        model: Networks.
        recordings: Prepared clips.
        listener: A recogniser's features of waveforms, the last layer last.
        critics: Speaker encoders of waveforms, to unit vectors.
        embeddings: Each critic's embeddings of the recordings, [recordings, dimension].
        quality: Mean opinion score of waveforms.
        processes: Processes that share the batch.
    """

    BATCH, FRAMES, REFERENCE_FRAMES = 8, 150, 260
    LEVEL_DB, AUGMENTED_SHARE, PARALLEL_SHARE, MARGIN = (-8.0, 4.0), 0.25, 0.35, 0.4
    OWN_HEARD, DISTORTED_SHARE = 4, 0.6
    """How many of those that are said in their own voice the recogniser hears, the last ones, and
    how often the others are distorted, speech and reference alike."""
    LATE_LAYERS = (4, 5, 6)
    """What a conversion has to share with its source: the layers that mind least who speaks."""
    rates: ClassVar[Mapping[str, float]] = {
        "voices": 2.0,
        "prior": 2.0,
        "coarticulation": 1.0,
        "change": 10.0,
        "renderer": 0.7,
        "breath": 0.3,
        "content": 0.3,
    }
    weights: ClassVar[Mapping[str, float]] = {
        "spectral": 1.0,
        "words": 0.5,
        "converted_words": 2.5,
        "critics": 1.3,
        "parallel": 1.0,
        "quality": 0.06,
    }

    def __init__(
        self,
        model: CompactModel,
        recordings: Recordings,
        listener: Listener,
        critics: Sequence[Critic],
        embeddings: Sequence[Tensor],
        quality: Quality,
        processes: int = 1,
    ) -> None:
        self.model, self.converter = model, model.converter
        self.recordings, self.listener = recordings, listener
        self.critics, self.embeddings, self.quality = critics, embeddings, quality
        self.batch, self.own_heard = self.BATCH // processes, self.OWN_HEARD // processes
        analysis = self.converter.analysis
        self.networks = nn.ModuleDict(
            {
                "voices": analysis.voices,
                "prior": model.tone_encoder.prior,
                "coarticulation": self.converter.coarticulation,
                "change": self.converter.change,
                "renderer": self.converter.renderer,
                "breath": self.converter.breath,
                "content": analysis.content,
            }
        )
        self.spectral, self.wide = SpectralLoss(HEARD_HZ), SpectralLoss(SYNTHESISED_HZ)

    def drawn(self) -> Exchange:
        """Draw the speakers of a batch."""
        recordings, random = self.recordings, self.recordings.random
        if recordings.groups and random.random() < self.PARALLEL_SHARE:
            pairs = recordings.parallel(self.batch // 2, self.FRAMES)
            indices, crops = [index for index, _ in pairs], [crop for _, crop in pairs]
            return Exchange(indices, crops, self.batch // 2, parallel=True)
        drawn = list[int]()
        while len(drawn) < self.batch:
            index = recordings.draw()
            if index not in drawn:
                drawn.append(index)
        crops = [recordings.crop(index, self.FRAMES) for index in drawn]
        return Exchange(drawn, crops, int(random.integers(1, self.batch)), parallel=False)

    def tones(self, spectrogram: Tensor) -> Tensor:
        """Describe voices, with gradients for the map and the prior alone."""
        analysis = self.converter.analysis
        with torch.no_grad():
            log_f0, voiced, _, envelope = analysis.source(spectrogram)
            units = analysis.content(spectrogram)
            pitch = self.model.tone_encoder.pitch(log_f0, voiced)
        heard = envelope[:, : analysis.heard_bands]
        voice = self.model.tone_encoder.prior(analysis.voices, units, heard)
        return torch.cat([voice, pitch], 1)

    def distorted(self, waveforms: Tensor) -> Tensor:
        """Put some of the waveforms under one of the conditions of `degrade`."""
        random = self.recordings.random
        items = []
        for waveform in waveforms.numpy():
            if random.random() < self.DISTORTED_SHARE:
                condition = CONDITIONS[int(random.integers(len(CONDITIONS)))]
                waveform = np.asarray(condition(waveform, random), np.float32)
            items.append(torch.from_numpy(waveform))
        return torch.stack(items)

    def terms(self) -> dict[str, Tensor]:
        """Render the batch as itself and with its speakers exchanged."""
        random, converter = self.recordings.random, self.converter
        analysis = converter.analysis
        batch = self.drawn()
        indices, crops, shift = batch.indices, batch.crops, batch.shift
        references = [self.recordings.crop(index, self.REFERENCE_FRAMES) for index in indices]
        clean = levelled(waveforms_of(crops), random, self.LEVEL_DB)
        skipped = self.batch - self.own_heard
        both = torch.cat([clean, waveforms_of(references)], 1)
        if not batch.parallel:
            both[:skipped] = self.distorted(both[:skipped])
        waveforms, heard = both[:, : clean.shape[1]], spectrogram_of(both[:, clean.shape[1] :])
        if random.random() < self.AUGMENTED_SHARE:
            heard = augmented(heard, random, warp=False)
        source = self.tones(heard)
        target = source.roll(shift, 0)

        spectrogram = spectrogram_of(waveforms)
        with torch.no_grad():
            log_f0, voiced, features, envelope = analysis.source(spectrogram)
        units = analysis.content(spectrogram)
        moved = converter.moved_envelope(envelope, units, log_f0, voiced, source, target)
        moved_f0 = moved_pitch(log_f0, source[:, -2:], target[:, -2:]).detach()
        envelopes, both_f0 = torch.cat([envelope, moved]), torch.cat([log_f0, moved_f0])
        both_voiced = torch.cat([voiced, voiced])
        breath = converter.breathiness(torch.cat([features, features]))
        filters = converter.renderer.filters(envelopes, breath, both_f0, both_voiced)
        made = rendered(converter, filters, envelopes, both_f0, both_voiced)

        wanted = waveforms[:, MARGIN_SAMPLES:-MARGIN_SAMPLES]
        with torch.no_grad():
            said = self.listener(clean[:, MARGIN_SAMPLES:-MARGIN_SAMPLES])
        again = self.listener(made[skipped:])
        own = [layer[: self.own_heard] for layer in again]
        changed = [layer[self.own_heard :] for layer in again]
        terms = {
            "spectral": self.spectral(made[: self.batch], wanted),
            "words": misheard(own[1:], [layer[skipped:] for layer in said[1:]]),
            "converted_words": misheard(
                [changed[layer] for layer in self.LATE_LAYERS],
                [said[layer] for layer in self.LATE_LAYERS],
            ),
        }
        judged = []
        for critic, known in zip(self.critics, self.embeddings, strict=True):
            of_source = known[indices]
            of_made = critic(made[self.batch :])
            judged.append(mistaken(of_made, of_source.roll(shift, 0), of_source, self.MARGIN))
        terms["critics"] = torch.stack(judged).mean()
        # Half of what is rated is in its own voice.
        rated = made[self.batch // 2 : -(self.batch // 2)]
        terms["quality"] = HIGHEST_OPINION - self.quality(rated)
        if batch.parallel:
            terms["parallel"] = self.wide(made[self.batch :], wanted.roll(shift, 0))
        return terms
