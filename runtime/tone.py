"""Tone embedding of a clip of any length: one voice as a vector."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from runtime.arrays import Spectrogram, Tone, Waveform
from runtime.errors import AudioTooShort, SilentAudio
from runtime.frames import FrameReader
from runtime.manifest import Manifest
from runtime.sessions import Graph
from runtime.spectrogram import SpectrogramTransform
from runtime.voice_activity import hop_energies, loudest_energy, margin_hops, voiced_hops


class ToneExtraction:
    """Embedding of one clip, computed window by window.

    Iterate to the end, then read `tone`. Each step runs the encoder at most once, so that a
    caller can share a machine between a long clip and others.

    Args:
        encoder: Graph that embeds a voice.
        manifest: Description of its model.
        blocks: Clip at the model's sample rate, mono, in blocks of [samples].
        allow_silent: Whether a silent clip is embedded as it is instead of being refused.
    """

    def __init__(
        self,
        encoder: Graph,
        manifest: Manifest,
        blocks: Iterable[Waveform],
        *,
        allow_silent: bool = False,
    ) -> None:
        self._encoder = encoder
        self._manifest = manifest
        self._reader = FrameReader(blocks, SpectrogramTransform.of(manifest))
        self._allow_silent = allow_silent
        self._weighted: list[tuple[Tone, float]] = []
        self._steps = self._run()

    @property
    def tone(self) -> Tone:
        """Embedding, [tone_dimension]; reading it runs the steps that are left."""
        for _ in self:
            pass
        return average_tones(self._weighted)

    @property
    def samples(self) -> int:
        """Number of samples read so far: all of the clip's at the end."""
        return self._reader.fetched_samples

    def __iter__(self) -> Iterator[None]:
        return self._steps

    def _run(self) -> Iterator[None]:
        longest = self._manifest.reference_frames
        pending: list[Spectrogram] = []
        frames = 0
        for part in self._voiced():
            pending.append(part)
            frames += part.shape[1]
            while frames >= 2 * longest:
                joined = np.concatenate(pending, axis=1)
                self._embed(joined[:, :longest])
                pending = [joined[:, longest:]]
                frames -= longest
                yield
        rest = np.concatenate(pending, axis=1)
        # two windows of equal length instead of a full one and a very short one
        for half in np.array_split(rest, -(-frames // longest), axis=1):
            self._embed(half)
            yield

    def _voiced(self) -> Iterator[Spectrogram]:
        """Yield the clip's spectrogram without its silence, section by section.

        A hop is silent if it is far below the loudest moment of this section and those before.
        """
        section_frames = 2 * self._manifest.reference_frames
        hop = self._manifest.hop_samples
        margin = margin_hops(self._manifest.sample_rate_hz, hop)
        loudest = 0.0
        found = False
        beginning: Spectrogram | None = None
        start = 0
        while (stop := self._reader.available(start + section_frames)) > start:
            energies = hop_energies(self._reader.samples(start, stop), hop)
            loudest = max(loudest, loudest_energy(energies))
            voiced = voiced_hops(energies, loudest, margin)
            if voiced.any():
                found = True
                spectrogram = self._reader.spectrogram(start, stop)
                yield spectrogram if voiced.all() else spectrogram[:, voiced]
            elif beginning is None:
                beginning_stop = min(stop, start + self._manifest.reference_frames)
                beginning = self._reader.spectrogram(start, beginning_stop)
            self._reader.forget(stop)
            start = stop
        if start == 0:
            raise AudioTooShort(0.0, 0.0)
        if not found:
            if not self._allow_silent or beginning is None:
                raise SilentAudio
            yield beginning

    def _embed(self, spectrogram: Spectrogram) -> None:
        tone = embed_frames(self._encoder, self._manifest, spectrogram)
        self._weighted.append((tone, spectrogram.shape[1]))


def embed_frames(encoder: Graph, manifest: Manifest, spectrogram: Spectrogram) -> Tone:
    """Embed one window of speech in one run of the encoder.

    Args:
        encoder: Graph that embeds a voice.
        manifest: Description of its model.
        spectrogram: Window, [bins, frames]; one that is shorter than the encoder takes is extended
            by its own reflection.

    Returns:
        Embedding, [tone_dimension].
    """
    lacking = manifest.minimum_reference_frames - spectrogram.shape[1]
    if lacking > 0:
        spectrogram = np.pad(spectrogram, ((0, 0), (0, lacking)), mode="symmetric")
    return encoder.run(spectrogram=spectrogram[np.newaxis]).reshape(-1)


def average_tones(weighted: Sequence[tuple[Tone, float]]) -> Tone:
    """Average embeddings of one voice, weighted by length.

    Args:
        weighted: Embeddings, [tone_dimension] each, with the length of the clip of each.

    Returns:
        Embedding, [tone_dimension].
    """
    tones, weights = zip(*weighted, strict=True)
    return np.average(np.stack(tones), axis=0, weights=weights).astype(np.float32)
