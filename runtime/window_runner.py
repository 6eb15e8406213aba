"""Runs of the converter over a clip's windows: spectrograms and noise in, audio out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Tone, Waveform
from runtime.carried_phase import CarriedPhase
from runtime.errors import InvalidBundle
from runtime.frames import FrameReader
from runtime.interface import KNOWN_PHASE, PHASE
from runtime.manifest import Manifest
from runtime.noise import draw_noise
from runtime.sessions import Graph
from runtime.silence import CONTEXT_HOPS, silence_gain
from runtime.windows import Window


class WindowRunner:
    """Converts windows of one clip with one draw of noise; windows of silence are not computed.

    A model that carries its phase is given the windows in order, one a run.

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
        self._phase = CarriedPhase() if manifest.carries_phase else None

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
        pieces = self._convert(reader, windows, gains, source_tone, tone)
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
        self,
        reader: FrameReader,
        windows: Sequence[Window],
        gains: Sequence[Waveform],
        source_tone: Tone,
        tone: Tone,
    ) -> list[Waveform]:
        batch = len(windows)
        inputs = {
            "spectrogram": np.stack(
                [reader.spectrogram(window.outer_start, window.outer_stop) for window in windows]
            ),
            "source_tone": _repeated(source_tone, batch),
            "target_tone": _repeated(tone, batch),
            "noise": np.stack(
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
        }
        hop = self._manifest.hop_samples
        if self._phase is not None:
            (window,), (gain,) = windows, gains
            silent = np.broadcast_to(gain, window.frames * hop).reshape(-1, hop).max(1) == 0
            inputs[KNOWN_PHASE] = self._phase.known(window, silent)[np.newaxis, np.newaxis]
        outputs = self._converter.run_all(**inputs)
        audio = outputs[self._converter.interface.output]
        if audio.shape != (batch, 1, windows[0].outer_frames * hop):
            raise InvalidBundle(
                self._converter.interface.file_name,
                f"gave audio of shape {audio.shape} for {windows[0].outer_frames} frames",
            )
        if not np.isfinite(audio).all():
            raise InvalidBundle(
                self._converter.interface.file_name, "gave samples that are not finite numbers"
            )
        if self._phase is not None:
            self._phase.keep(windows[0], self._check_phase(outputs[PHASE], windows[0]))
        return [
            audio[
                index,
                0,
                (window.start - window.outer_start) * hop : (window.stop - window.outer_start)
                * hop,
            ]
            for index, window in enumerate(windows)
        ]

    def _check_phase(self, phase: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
        file_name = self._converter.interface.file_name
        if phase.shape != (1, 1, window.outer_frames):
            raise InvalidBundle(
                file_name, f"gave phases of shape {phase.shape} for {window.outer_frames} frames"
            )
        if not ((phase >= 0) & (phase <= 1)).all():
            raise InvalidBundle(file_name, "gave phases that are not within 0 to 1")
        checked: NDArray[np.float32] = phase[0, 0]
        return checked


def _repeated(tone: Tone, batch: int) -> Tone:
    return np.broadcast_to(tone[np.newaxis, :, np.newaxis], (batch, len(tone), 1))
