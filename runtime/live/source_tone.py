"""Tone of a live speaker: one that was enrolled, or one that is worked out while they speak."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Spectrogram, Tone
from runtime.frames import FrameReader
from runtime.manifest import Manifest
from runtime.sessions import Graph
from runtime.tone import embed_frames
from runtime.voice_activity import hop_energies, loudest_energy, margin_hops, widen

FIRST_SECONDS = 0.1
"""Voice that the first estimate is made from; each later one is made from twice as much."""

SETTLED_SECONDS = 6.4
"""Voice that the last estimate is made from."""

VOICE_FLOOR = 1e-5
"""Mean square below which nothing counts as voice: -50 dBFS, above the noise of a microphone."""

VOICE_SHARE = 1e-3
"""Mean square against the loudest moment's below which nothing counts as voice: -30 dB.

Both are stricter than for a clip, which is known to hold speech: minutes of a room's noise must not
settle the tone before anybody speaks.
"""

GLIDE_SECONDS = 0.5
"""Time that the tone takes from one estimate to the next."""


class SourceTone(Protocol):
    """Tone of a speaker at each step of a live conversion."""

    def at(self, reader: FrameReader, stop_frame: int, frames: int) -> Tone:
        """Give the tone for the next step.

        Args:
            reader: Speech so far.
            stop_frame: Frame up to which the speech has arrived.
            frames: Frames that the step converts.

        Returns:
            Embedding, [tone_dimension].
        """
        ...


class EnrolledTone:
    """A tone that stays as it is.

    Args:
        tone: Embedding, [tone_dimension].
    """

    def __init__(self, tone: Tone) -> None:
        self._tone = tone

    def at(self, reader: FrameReader, stop_frame: int, frames: int) -> Tone:
        """Give the tone, whatever is said."""
        return self._tone


class RunningTone:
    """A tone worked out from the speech so far, which glides from estimate to estimate.

    Before there is any voice, it is the tone to convert to, so that silence and noise are left as
    they are. Once it has heard enough voice it stays the same.

    Args:
        encoder: Graph that embeds a voice.
        manifest: Description of its model.
        initial: Embedding until there is voice, [tone_dimension].

    Attributes:
        settled: Whether the last estimate is made.
    """

    def __init__(self, encoder: Graph, manifest: Manifest, initial: Tone) -> None:
        self._encoder = encoder
        self._manifest = manifest
        rate_hz, hop = manifest.sample_rate_hz, manifest.hop_samples
        self._frames_hz = rate_hz / hop
        self._margin_hops = margin_hops(rate_hz, hop)
        self._settled_frames = round(SETTLED_SECONDS * self._frames_hz)
        self._glide_frames = round(GLIDE_SECONDS * self._frames_hz)
        self._needed_frames = round(FIRST_SECONDS * self._frames_hz)
        self._spectrogram: Spectrogram = np.zeros((manifest.bins, 0), np.float32)
        self._energies: NDArray[np.float32] = np.zeros(0, np.float32)
        self._loudest = 0.0
        self._heard_frames = 0
        self._tone = initial
        self._goal: Tone | None = None
        self._left_frames = 0
        self.settled = False

    def at(self, reader: FrameReader, stop_frame: int, frames: int) -> Tone:
        """Hear what has arrived since the last step, and go on towards the latest estimate."""
        if not self.settled:
            self._hear(reader, stop_frame)
        if self._goal is not None and self._left_frames:
            share = np.float32(min(1.0, frames / self._left_frames))
            self._tone = self._tone + share * (self._goal - self._tone)
            self._left_frames = max(0, self._left_frames - frames)
        return self._tone

    def _hear(self, reader: FrameReader, stop_frame: int) -> None:
        start, self._heard_frames = self._heard_frames, stop_frame
        if stop_frame <= start:
            return
        energies = hop_energies(reader.samples(start, stop_frame), self._manifest.hop_samples)
        self._energies = np.concatenate([self._energies, energies])
        self._loudest = max(self._loudest, loudest_energy(self._energies))
        heard = reader.spectrogram(start, stop_frame)
        self._spectrogram = np.concatenate([self._spectrogram, heard], axis=1)
        floor = max(VOICE_FLOOR, VOICE_SHARE * self._loudest)
        voiced = widen(self._energies > floor, self._margin_hops)
        if np.count_nonzero(voiced) >= self._needed_frames:
            self._estimate(self._spectrogram[:, voiced])
        self._forget(voiced)

    def _estimate(self, voiced: Spectrogram) -> None:
        frames = voiced.shape[1]
        self.settled = frames >= self._settled_frames
        self._needed_frames = min(2 * frames, self._settled_frames)
        estimate = embed_frames(self._encoder, self._manifest, voiced)
        if self._goal is None:
            self._tone = estimate
        self._goal, self._left_frames = estimate, self._glide_frames

    def _forget(self, voiced: NDArray[np.bool_]) -> None:
        """Let go of silence, but for the latest, which a voice may follow; at the end, of all."""
        if self.settled:
            voiced = np.zeros_like(voiced)
        else:
            voiced[-self._margin_hops - 1 :] = True
        self._spectrogram = self._spectrogram[:, voiced]
        self._energies = self._energies[voiced]
