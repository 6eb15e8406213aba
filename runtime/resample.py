"""Resampling, whole or block by block, to an exactly known length."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
import soxr

from runtime.arrays import Waveform

QUALITY = "HQ"


def resampled_samples(samples: int, from_hz: int, to_hz: int) -> int:
    """Count the samples that a clip has at another rate: its seconds times that rate, rounded.

    Args:
        samples: of the clip.
        from_hz: its rate.
        to_hz: the other rate.

    Returns:
        At least 1 for a clip of at least 1.
    """
    if samples == 0:
        return 0
    return max(1, round(Fraction(samples * to_hz, from_hz)))


def resample_blocks(blocks: Iterable[Waveform], from_hz: int, to_hz: int) -> Iterator[Waveform]:
    """Resample a clip that comes in blocks.

    Args:
        blocks: mono blocks of any length, [samples].
        from_hz: their rate.
        to_hz: the wanted rate.

    Yields:
        Blocks at the wanted rate; joined they have exactly `resampled_samples` samples,
        without delay against the input.
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
