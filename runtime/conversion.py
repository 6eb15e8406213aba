"""Conversion of one clip, window by window, for waveforms in memory and for files alike."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.errors import InvalidBundle
from runtime.frames import FrameReader
from runtime.manifest import Manifest
from runtime.noise import draw_noise
from runtime.sessions import Graph
from runtime.silence import CONTEXT_HOPS, silence_gain
from runtime.spectrogram import SpectrogramTransform
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
        self._transform = SpectrogramTransform.of(manifest)
        self._blocks = blocks
        self._groups = groups
        self._source_tone = source_tone
        self._tone = tone
        self._temperature = temperature

    def __iter__(self) -> Iterator[Waveform]:
        reader = FrameReader(self._blocks, self._transform)
        hop = self._manifest.hop_samples
        for group in self._groups:
            first = group[0]
            reader.forget(min(first.outer_start, first.start - CONTEXT_HOPS))
            gains = [self._gain(reader, window) for window in group]
            if any(gain.any() for gain in gains):
                pieces = self._run(reader, group)
                for piece, gain in zip(pieces, gains, strict=True):
                    piece *= gain
            else:
                pieces = [np.zeros(window.frames * hop, np.float32) for window in group]
            joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            yield joined[: self.samples - first.start * hop]

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

    def _gain(self, reader: FrameReader, window: Window) -> Waveform:
        start = max(0, window.start - CONTEXT_HOPS)
        stop = min(self._transform.frames(self.samples), window.stop + CONTEXT_HOPS)
        source = reader.samples(start, stop)
        return silence_gain(
            source, self._manifest.hop_samples, window.start - start, window.stop - start
        )

    def _run(self, reader: FrameReader, group: tuple[Window, ...]) -> list[Waveform]:
        batch = len(group)
        audio = self._converter.run(
            spectrogram=np.stack(
                [reader.spectrogram(window.outer_start, window.outer_stop) for window in group]
            ),
            source_tone=_repeated(self._source_tone, batch),
            target_tone=_repeated(self._tone, batch),
            noise=np.stack(
                [
                    draw_noise(
                        self.seed,
                        self._manifest.latent_channels,
                        window.outer_start,
                        window.outer_stop,
                        self._temperature,
                    )
                    for window in group
                ]
            ),
        )
        hop = self._manifest.hop_samples
        if audio.shape != (batch, 1, group[0].outer_frames * hop):
            raise InvalidBundle(
                self._converter.interface.file_name,
                f"gave audio of shape {audio.shape} for {group[0].outer_frames} frames",
            )
        if not np.isfinite(audio).all():
            raise InvalidBundle(
                self._converter.interface.file_name, "gave samples that are not finite numbers"
            )
        return [
            audio[
                index,
                0,
                (window.start - window.outer_start) * hop : (window.stop - window.outer_start)
                * hop,
            ]
            for index, window in enumerate(group)
        ]


def _repeated(tone: Tone, batch: int) -> Tone:
    return np.broadcast_to(tone[np.newaxis, :, np.newaxis], (batch, len(tone), 1))
