"""Conversion of speech while it is spoken."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.errors import InvalidOption
from runtime.frames import FrameReader
from runtime.live.source_tone import SourceTone
from runtime.live.window import LiveWindow
from runtime.manifest import Manifest
from runtime.options import check_live_rate, check_waveform
from runtime.resample import StreamResampler, resampling_delay_seconds
from runtime.silence import CONTEXT_HOPS
from runtime.spectrogram import SpectrogramTransform
from runtime.tau import blend_tones
from runtime.window_runner import WindowRunner
from runtime.windows import Window


class LiveConversion:
    """Conversion of speech that arrives in blocks of any length, a chunk of frames a step.

    `feed` and `finish` convert at once whatever can be converted. A caller that shares a machine
    between sessions uses what they are made of instead: `push` or `end`, then `step` while there
    is something `ready`. How the speech is cut into blocks does not change the result. Used from
    one thread at a time.

    Args:
        runner: Converts windows.
        manifest: Description of its model.
        window: Frames of a step.
        source_tone: Tone of the speaker.
        target_tone: Embedding of the voice to convert to, [tone_dimension].
        target_weight: Weight of the target's tone, 0 to 1.
        sample_rate_hz: Sample rate of what is fed, 8 to 48 kHz.

    Attributes:
        window: Frames of a step.
        seed: Seed of the noise.
        sample_rate_hz: Sample rate of what is given back.
        latency_seconds: Longest time from a sample's arrival until its chunk can be converted;
            the work on the chunk comes on top.
        chunk_seconds: Audio that a step gives.
        ended: Whether no more speech follows.
    """

    def __init__(
        self,
        runner: WindowRunner,
        manifest: Manifest,
        window: LiveWindow,
        *,
        source_tone: SourceTone,
        target_tone: Tone,
        target_weight: float,
        sample_rate_hz: int,
    ) -> None:
        check_live_rate(sample_rate_hz)
        rate_hz = manifest.sample_rate_hz
        self.window = window
        self.seed = runner.seed
        self.sample_rate_hz = rate_hz
        self._transform = SpectrogramTransform.of(manifest)
        waiting_frames = window.chunk_frames + window.look_ahead_frames
        waiting_samples = waiting_frames * manifest.hop_samples + self._transform.pad_samples
        self.latency_seconds = waiting_samples / rate_hz + resampling_delay_seconds(
            sample_rate_hz, rate_hz
        )
        self.chunk_seconds = window.chunk_frames * manifest.hop_samples / rate_hz
        self._runner = runner
        self._hop_samples = manifest.hop_samples
        self._source_tone = source_tone
        self._target_tone = target_tone
        self._target_weight = target_weight
        self._resampler = StreamResampler(sample_rate_hz, rate_hz)
        self._arrived: deque[Waveform] = deque()
        self._arrived_samples = 0
        self.ended = False
        self._reader = FrameReader(self._blocks(), self._transform)
        self._next_frame = 0
        self._seam: _Seam | None = None

    @property
    def ready(self) -> bool:
        """Whether a step can run: its window has arrived, or the speech has ended before that."""
        start = self._next_frame * self._hop_samples
        if self.ended:
            return start < self._arrived_samples
        frames = self.window.chunk_frames + self.window.look_ahead_frames
        needed = start + frames * self._hop_samples + self._transform.pad_samples
        return self._arrived_samples >= needed

    def push(self, samples: Waveform) -> None:
        """Take speech, [samples] at the rate that was told; it may be empty.

        Raises:
            InvalidOption: The samples are no finite float32 array, or the speech has ended.
        """
        if self.ended:
            raise InvalidOption("samples", len(samples), "the conversion was finished before")
        if len(samples):
            self._take(self._resampler.push(check_waveform(samples)))

    def end(self) -> None:
        """Say that no more speech follows."""
        if not self.ended:
            self._take(self._resampler.finish())
            self.ended = True

    def step(self) -> Waveform:
        """Convert the next chunk; call it only while there is something `ready`.

        Returns:
            Its samples, [chunk_frames * hop_samples], or what is left at the end.
        """
        window, clip_frames = self._plan()
        self._reader.forget(min(window.outer_start, window.start - CONTEXT_HOPS))
        source_tone = self._source_tone.at(self._reader, window.outer_stop, window.frames)
        tone = blend_tones(source_tone, self._target_tone, self._target_weight)
        # what the next step would begin with, heard with less to look ahead to
        longer = Window(
            window.start,
            min(window.stop + 1, window.outer_stop),
            window.outer_start,
            window.outer_stop,
        )
        (audio,) = self._runner.run(self._reader, [longer], clip_frames, source_tone, tone)
        kept = window.frames * self._hop_samples
        piece = audio[:kept]
        if self._seam is not None and not np.array_equal(self._seam.source_tone, source_tone):
            self._seam.smooth(piece)
        self._seam = _Seam(source_tone, audio[kept:].copy())
        start = window.start * self._hop_samples
        self._next_frame = window.stop
        return piece[: self._arrived_samples - start] if self.ended else piece

    def feed(self, samples: Waveform) -> Waveform:
        """Take speech and give what can be converted of it and of what came before.

        Args:
            samples: Speech at the rate that was told, [samples]; it may be empty.

        Returns:
            Samples at `sample_rate_hz`, [samples]; empty until enough has arrived.

        Raises:
            InvalidOption: The samples are no finite float32 array, or the speech has ended.
        """
        self.push(samples)
        return self._convert()

    def finish(self) -> Waveform:
        """Convert the rest.

        Returns:
            Samples, [samples]: all that was given back is then as long as all that was fed.
        """
        self.end()
        return self._convert()

    def _convert(self) -> Waveform:
        pieces = []
        while self.ready:
            pieces.append(self.step())
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _plan(self) -> tuple[Window, int]:
        """Choose the next step's window, and say how many frames the clip is known to have."""
        start = self._next_frame
        stop = start + self.window.chunk_frames
        outer_start = max(0, start - self.window.look_back_frames)
        outer_stop = stop + self.window.look_ahead_frames
        if not self.ended:
            return Window(start, stop, outer_start, outer_stop), outer_stop
        frames = self._transform.frames(self._arrived_samples)
        return Window(start, min(stop, frames), outer_start, min(outer_stop, frames)), frames

    def _take(self, block: Waveform) -> None:
        if len(block):
            self._arrived.append(block)
            self._arrived_samples += len(block)

    def _blocks(self) -> Iterator[Waveform]:
        while self._arrived:
            yield self._arrived.popleft()


class _Seam:
    """What one step would have gone on with, which the next one is faded in from.

    Two steps with different tones need not agree in the phase of a voice's pulses.

    Args:
        source_tone: Tone that the step had, [tone_dimension].
        audio: Its audio beyond its chunk, [samples]; empty where there is none.
    """

    def __init__(self, source_tone: Tone, audio: Waveform) -> None:
        self.source_tone = source_tone
        self._audio = audio

    def smooth(self, piece: Waveform) -> None:
        """Fade in the beginning of the next step's audio, [samples], in place."""
        samples = min(len(piece), len(self._audio))
        phase = (np.arange(samples, dtype=np.float32) + 0.5) * np.float32(np.pi / max(1, samples))
        share = 0.5 - 0.5 * np.cos(phase)
        piece[:samples] = share * piece[:samples] + (1 - share) * self._audio[:samples]
