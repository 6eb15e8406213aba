"""Resampling of a clip, block by block, to an exactly known length."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache

import numpy as np
import soxr

from runtime.arrays import Waveform

QUALITY = "HQ"

_DELAY_PROBE_SECONDS = 1
_DELAY_STEPS_HZ = 1000


def resampled_samples(samples: int, from_hz: int, to_hz: int) -> int:
    """Count the samples that a clip has at another rate: its seconds times that rate, rounded.

    Args:
        samples: Length of the clip.
        from_hz: Sample rate of the clip.
        to_hz: Sample rate to count at.

    Returns:
        Number of samples, at least 1 for a clip that is not empty.
    """
    if samples == 0:
        return 0
    return max(1, round(Fraction(samples * to_hz, from_hz)))


class StreamResampler:
    """Resamples a clip that arrives in blocks, without delay against the input.

    How the clip is cut into blocks does not change the result.

    Args:
        from_hz: Sample rate of the blocks.
        to_hz: Wanted sample rate.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._rates_hz = (from_hz, to_hz)
        self._stream = None
        if from_hz != to_hz:
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=QUALITY)
        self._taken = 0
        self._given = 0

    def push(self, block: Waveform) -> Waveform:
        """Take a block, [samples], and give what can be worked out so far."""
        if self._stream is None:
            return block
        self._taken += len(block)
        output: Waveform = self._stream.resample_chunk(block)
        self._given += len(output)
        return output

    def finish(self) -> Waveform:
        """Give the rest: everything given then has exactly `resampled_samples` samples."""
        if self._stream is None:
            return np.zeros(0, np.float32)
        rest = resampled_samples(self._taken, *self._rates_hz) - self._given
        tail: Waveform = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        tail = tail[: max(0, rest)]
        return np.pad(tail, (0, max(0, rest) - len(tail)))


@lru_cache
def resampling_delay_seconds(from_hz: int, to_hz: int) -> float:
    """Measure how far the output of a `StreamResampler` falls behind its input at most.

    The resampler works in blocks of its own, so its output comes in bursts.
    """
    if from_hz == to_hz:
        return 0.0
    resampler = StreamResampler(from_hz, to_hz)
    step = from_hz // _DELAY_STEPS_HZ
    given, longest = 0, 0.0
    for taken in range(step, _DELAY_PROBE_SECONDS * from_hz, step):
        longest = max(longest, taken / from_hz - given / to_hz)
        given += len(resampler.push(np.zeros(step, np.float32)))
    return longest


def resample_blocks(blocks: Iterable[Waveform], from_hz: int, to_hz: int) -> Iterator[Waveform]:
    """Resample a clip that comes in blocks.

    Args:
        blocks: Mono clip in blocks of [samples] of any length.
        from_hz: Sample rate of the blocks.
        to_hz: Sample rate of the result.

    Yields:
        Blocks at the new rate. Joined, they have exactly `resampled_samples` samples and are
        not delayed against the input.
    """
    resampler = StreamResampler(from_hz, to_hz)
    for block in blocks:
        output = resampler.push(block)
        if len(output):
            yield output
    rest = resampler.finish()
    if len(rest):
        yield rest
