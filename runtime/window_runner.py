"""One run of the converter over a group of windows: spectrograms and noise in, audio out."""

from collections.abc import Sequence

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.errors import InvalidBundle
from runtime.frames import FrameReader
from runtime.manifest import Manifest
from runtime.noise import draw_noise
from runtime.sessions import Graph
from runtime.silence import CONTEXT_HOPS, silence_gain
from runtime.windows import Window


class WindowRunner:
    """Converts windows of one clip with one draw of noise; windows of silence are not computed.

    Args:
        converter: Graph that converts speech.
        manifest: Description of its model.
        temperature: Scale of the posterior's noise, 0 to 1.
        seed: Seed of the noise.
    """

    def __init__(
        self, converter: Graph, manifest: Manifest, *, temperature: float, seed: int
    ) -> None:
        self.seed = seed
        self._converter = converter
        self._manifest = manifest
        self._temperature = temperature

    def run(
        self,
        reader: FrameReader,
        windows: Sequence[Window],
        clip_frames: int,
        source_tone: Tone,
        tone: Tone,
    ) -> list[Waveform]:
        """Convert windows of equal length, in one run of the converter or in none.

        Args:
            reader: Clip that the windows are of.
            windows: Windows whose inputs have one length.
            clip_frames: Frames that the clip is known to have.
            source_tone: Embedding of the clip's voice, [tone_dimension].
            tone: Embedding to convert to, [tone_dimension].

        Returns:
            Audio of the frames that each window keeps, [frames * hop_samples].

        Raises:
            InvalidBundle: The graph gave audio of a wrong length or that is not finite.
        """
        hop = self._manifest.hop_samples
        gains = [self._gain(reader, window, clip_frames) for window in windows]
        if not any(gain.any() for gain in gains):
            return [np.zeros(window.frames * hop, np.float32) for window in windows]
        pieces = self._convert(reader, windows, source_tone, tone)
        for piece, gain in zip(pieces, gains, strict=True):
            piece *= gain
        return pieces

    def _gain(self, reader: FrameReader, window: Window, clip_frames: int) -> Waveform:
        start = max(0, window.start - CONTEXT_HOPS)
        stop = min(clip_frames, window.stop + CONTEXT_HOPS)
        source = reader.samples(start, stop)
        return silence_gain(
            source, self._manifest.hop_samples, window.start - start, window.stop - start
        )

    def _convert(
        self, reader: FrameReader, windows: Sequence[Window], source_tone: Tone, tone: Tone
    ) -> list[Waveform]:
        batch = len(windows)
        audio = self._converter.run(
            spectrogram=np.stack(
                [reader.spectrogram(window.outer_start, window.outer_stop) for window in windows]
            ),
            source_tone=_repeated(source_tone, batch),
            target_tone=_repeated(tone, batch),
            noise=np.stack(
                [
                    draw_noise(
                        self.seed,
                        self._manifest.latent_channels,
                        window.outer_start,
                        window.outer_stop,
                        self._temperature,
                    )
                    for window in windows
                ]
            ),
        )
        hop = self._manifest.hop_samples
        if audio.shape != (batch, 1, windows[0].outer_frames * hop):
            raise InvalidBundle(
                self._converter.interface.file_name,
                f"gave audio of shape {audio.shape} for {windows[0].outer_frames} frames",
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
            for index, window in enumerate(windows)
        ]


def _repeated(tone: Tone, batch: int) -> Tone:
    return np.broadcast_to(tone[np.newaxis, :, np.newaxis], (batch, len(tone), 1))
