"""Marking of a clip piece by piece, in constant memory."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from runtime.arrays import Waveform
from runtime.marking.subband import Subband, SubbandTransform
from runtime.resample import StreamResampler
from runtime.silence import silence_gain

Residual: TypeAlias = Callable[[Subband, int, int], Subband]
"""Gives what is added to some frames: takes frames with their context, first and stop frame."""

GATE_SECONDS = 0.01
_NOTHING = np.zeros(0, np.float32)
_GATE_HOPS = 2
"""Hops on each side that the gain of the watermark in a hop depends on."""


class WatermarkStream:
    """Marks one clip piece by piece; how it is cut into pieces does not change the result.

    Only what the watermark adds is resampled. It is added to the samples as they came, and nothing
    is added to silence.

    Args:
        transform: Spectrogram that the watermark is written into.
        residual: Computes what is added to some frames.
        context_frames: Frames on each side that a frame's residual depends on.
        sample_rate_hz: Sample rate of the clip.
        subband_rate_hz: Sample rate that the spectrogram is computed at.
    """

    def __init__(
        self,
        transform: SubbandTransform,
        residual: Residual,
        context_frames: int,
        sample_rate_hz: int,
        subband_rate_hz: int,
    ) -> None:
        self._down = StreamResampler(sample_rate_hz, subband_rate_hz)
        self._up = StreamResampler(subband_rate_hz, sample_rate_hz)
        self._residual = _ResidualStream(transform, residual, context_frames)
        self._hop = round(sample_rate_hz * GATE_SECONDS)
        self._waiting = np.zeros(_GATE_HOPS * self._hop, np.float32)
        self._added = np.zeros(0, np.float32)
        self._taken = 0
        self._given = 0

    def push(self, piece: Waveform) -> Waveform:
        """Take a piece, [samples], and give what can be marked so far; it may be empty."""
        self._taken += len(piece)
        self._waiting = np.concatenate([self._waiting, piece])
        added = self._up.push(self._residual.push(self._down.push(piece)))
        self._added = np.concatenate([self._added, added])
        # samples whose gain is known
        known = len(self._waiting) // self._hop - 2 * _GATE_HOPS
        return self._give(min(len(self._added) // self._hop, known))

    def finish(self, piece: Waveform = _NOTHING) -> Waveform:
        """Take the last piece, if any, and give the rest.

        Everything given then is as long as everything taken.
        """
        self._taken += len(piece)
        self._waiting = np.concatenate([self._waiting, piece])
        rest = np.concatenate([self._down.push(piece), self._down.finish()])
        added = [self._added, self._up.push(self._residual.finish(rest)), self._up.finish()]
        missing = self._taken - self._given
        hops = -(-missing // self._hop)
        self._added = _fit(np.concatenate(added), hops * self._hop)
        self._waiting = _fit(self._waiting, (hops + 2 * _GATE_HOPS) * self._hop)
        return self._give(hops)[:missing]

    def _give(self, hops: int) -> Waveform:
        if hops <= 0:
            return np.zeros(0, np.float32)
        hop, gate, samples = self._hop, _GATE_HOPS, hops * self._hop
        source = self._waiting[: (hops + 2 * gate) * hop]
        gain = silence_gain(source, hop, gate, gate + hops, hold_hops=0)
        clip = source[gate * hop : (gate + hops) * hop]
        marked = clip + gain * np.where(clip == 0, np.float32(0), self._added[:samples])
        self._waiting = self._waiting[samples:]
        self._added = self._added[samples:]
        self._given += samples
        return marked


class _ResidualStream:
    """What is added to a clip at the spectrogram's rate.

    Frames begin so early, and end so late, that every sample lies in as many of them.
    """

    def __init__(self, transform: SubbandTransform, residual: Residual, context: int) -> None:
        self._transform = transform
        self._compute = residual
        self._context = context
        hop = transform.hop_samples
        self._lead = -(-(transform.fft_samples - hop) // hop) * hop
        self._unread = np.zeros(self._lead, np.float32)
        self._spectrum = np.zeros((0, transform.bins), np.complex64)
        # frames of the spectrum whose residual was given
        self._done = 0
        self._overlap = np.zeros(transform.fft_samples - hop, np.float32)
        self._skip = self._lead
        self._missing = 0

    def push(self, samples: Waveform) -> Waveform:
        """Take samples and give what is added to those that no later sample changes."""
        self._missing += len(samples)
        self._read(samples)
        return self._add(len(self._spectrum) - self._context)

    def finish(self, samples: Waveform) -> Waveform:
        """Take the last samples and give what is added to them and to those that waited."""
        missing = self._missing + len(samples)
        beyond = self._transform.fft_samples + self._transform.hop_samples
        self._read(np.pad(samples, (0, beyond)))
        return self._add(len(self._spectrum))[:missing]

    def _read(self, samples: Waveform) -> None:
        self._unread = np.concatenate([self._unread, samples])
        frames = self._transform.frames(self._unread)
        self._unread = self._unread[len(frames) * self._transform.hop_samples :]
        self._spectrum = np.concatenate([self._spectrum, frames])

    def _add(self, stop: int) -> Waveform:
        count = stop - self._done
        if count <= 0:
            return np.zeros(0, np.float32)
        residual = self._compute(self._spectrum, self._done, stop)
        added = self._transform.samples(residual)
        added[: len(self._overlap)] += self._overlap
        complete = count * self._transform.hop_samples
        self._overlap = added[complete:]
        forgotten = max(0, stop - self._context)
        self._spectrum = self._spectrum[forgotten:]
        self._done = stop - forgotten
        given = added[min(self._skip, complete) : complete]
        self._skip -= min(self._skip, complete)
        self._missing -= len(given)
        return given


def _fit(samples: Waveform, count: int) -> Waveform:
    """Cut off or append zeros to so many samples."""
    return np.pad(samples[:count], (0, max(0, count - len(samples))))
