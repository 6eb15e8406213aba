"""Resampling of a clip, block by block, to an exactly known length."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
import soxr

from runtime.arrays import Waveform

QUALITY = "HQ"


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
    if from_hz == to_hz:
        yield from blocks
        return
    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=QUALITY)
    taken = 0
    given = 0
    for block in blocks:
        taken += len(block)
        output = stream.resample_chunk(block)
        if len(output):
            given += len(output)
            yield output
    rest = resampled_samples(taken, from_hz, to_hz) - given
    tail = stream.resample_chunk(np.zeros(0, np.float32), last=True)[:rest]
    if rest > 0:
        yield np.pad(tail, (0, rest - len(tail)))
