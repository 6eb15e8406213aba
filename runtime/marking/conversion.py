"""A conversion whose result carries the watermark."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from runtime.arrays import Waveform
from runtime.marking.writer import WatermarkWriter


class PieceWise(Protocol):
    """What marking needs of a conversion; `runtime.conversion.Conversion` provides it."""

    samples: int
    windows: int
    pieces: int
    seed: int

    def __iter__(self) -> Iterator[Waveform]:
        """Run the steps; each gives a piece, [samples]."""
        ...


class MarkedConversion:
    """A conversion that marks each piece of its result.

    There are as many pieces as of the conversion itself, and joined they are as long; a piece ends
    about 0.2 s earlier, where the watermark depends on speech that is not converted yet.

    Args:
        conversion: Conversion to mark.
        writer: Writes the watermark.

    Attributes:
        samples: Length of the source, and of the result.
        windows: Number of windows that the source is converted in.
        pieces: Number of pieces that iterating gives.
        seed: Seed of the noise.
    """

    def __init__(self, conversion: PieceWise, writer: WatermarkWriter) -> None:
        self.samples = conversion.samples
        self.windows = conversion.windows
        self.pieces = conversion.pieces
        self.seed = conversion.seed
        self._conversion = conversion
        self._writer = writer

    def __iter__(self) -> Iterator[Waveform]:
        stream = self._writer.stream()
        owed = 0
        for index, piece in enumerate(self._conversion, start=1):
            marked = stream.finish(piece) if index == self.pieces else stream.push(piece)
            owed += 1
            if len(marked) >= owed:
                # pieces too short to be marked at once are made up for when they can be
                yield from np.array_split(marked, owed)
                owed = 0
