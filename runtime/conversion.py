"""Conversion of one clip, window by window, for waveforms in memory and for files alike."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.frames import FrameReader
from runtime.manifest import Manifest
from runtime.sessions import Graph
from runtime.silence import CONTEXT_HOPS
from runtime.spectrogram import SpectrogramTransform
from runtime.window_runner import WindowRunner
from runtime.windows import Window


class Conversion:
    """Conversion of one clip to another voice, one piece at a time.

    Iterating gives the pieces of the result in order. Each step runs the converter at most once,
    and the pieces joined are exactly as long as the source. A conversion of a clip in memory can
    be iterated again; one of a clip that is read from a file cannot.

    Args:
        converter: Graph that converts speech.
        manifest: Description of its model.
        blocks: Clip at the model's sample rate, mono, in blocks of [samples].
        samples: Length of the whole clip.
        groups: Windows of the clip, grouped into those that share a run.
        source_tone: Embedding of the clip's voice, [tone_dimension].
        tone: Embedding to convert to, [tone_dimension].
        temperature: Scale of the posterior's noise, 0 to 1.
        seed: Seed of the noise.

    Attributes:
        samples: Length of the source, and of the result.
        windows: Number of windows that the source is converted in.
        pieces: Number of pieces that iterating gives; one may hold several windows.
        seed: Seed of the noise.
    """

    def __init__(
        self,
        converter: Graph,
        manifest: Manifest,
        blocks: Iterable[Waveform],
        samples: int,
        groups: Sequence[tuple[Window, ...]],
        *,
        source_tone: Tone,
        tone: Tone,
        temperature: float,
        seed: int,
    ) -> None:
        self.samples = samples
        self.windows = sum(len(group) for group in groups)
        self.pieces = len(groups)
        self.seed = seed
        self._converter = converter
        self._manifest = manifest
        self._temperature = temperature
        self._hop_samples = manifest.hop_samples
        self._transform = SpectrogramTransform.of(manifest)
        self._blocks = blocks
        self._groups = groups
        self._source_tone = source_tone
        self._tone = tone

    def __iter__(self) -> Iterator[Waveform]:
        reader = FrameReader(self._blocks, self._transform)
        runner = WindowRunner(
            self._converter, self._manifest, temperature=self._temperature, seed=self.seed
        )
        clip_frames = self._transform.frames(self.samples)
        for group in self._groups:
            first = group[0]
            reader.forget(min(first.outer_start, first.start - CONTEXT_HOPS))
            pieces = runner.run(reader, group, clip_frames, self._source_tone, self._tone)
            joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            yield joined[: self.samples - first.start * self._hop_samples]

    def joined(self) -> Waveform:
        """Run every step and join the pieces.

        Returns:
            Whole result, [samples].
        """
        result = np.empty(self.samples, np.float32)
        position = 0
        for piece in self:
            result[position : position + len(piece)] = piece
            position += len(piece)
        return result
