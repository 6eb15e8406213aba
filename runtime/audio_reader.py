"""Reading of an opened audio file block by block, with every check of what is read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.errors import AudioTooLong, AudioTooShort, UndecodableAudio
from runtime.limits import MAXIMUM_CHANNELS, MAXIMUM_SAMPLE_RATE_HZ, MINIMUM_SAMPLE_RATE_HZ

BLOCK_SAMPLES = 65_536
"""Samples decoded at a time, over all channels."""

# a decoder's own delay and padding, which a length may or may not count
_LENGTH_SLACK_FRAMES = 4 * 1152


class AudioReader(ABC):
    """An open audio file whose header has been checked; a context manager.

    Args:
        sample_rate_hz: Sample rate of the file.
        channels: Number of channels of the file.
        announced_frames: Length that the header tells, None where it does not.
        maximum_seconds: Length above which the file is refused, whether its header or its
            decoding shows it.

    Attributes:
        sample_rate_hz: Sample rate of the file.
        channels: Number of channels of the file.

    Raises:
        UndecodableAudio: The header is out of range.
        AudioTooLong: The header announces too long a clip.
    """

    def __init__(
        self,
        sample_rate_hz: int,
        channels: int,
        announced_frames: int | None,
        maximum_seconds: float,
    ) -> None:
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self._announced_frames = announced_frames
        self._maximum_seconds = maximum_seconds
        self._decoded = 0
        if not MINIMUM_SAMPLE_RATE_HZ <= sample_rate_hz <= MAXIMUM_SAMPLE_RATE_HZ:
            raise UndecodableAudio("sample_rate", sample_rate_hz=sample_rate_hz)
        if channels > MAXIMUM_CHANNELS:
            raise UndecodableAudio("channels", channels=channels)
        if announced_frames is not None and announced_frames > maximum_seconds * sample_rate_hz:
            raise AudioTooLong(announced_frames / sample_rate_hz, maximum_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def decoded_seconds(self) -> float:
        """Length of what has been decoded so far: of the whole file at its end."""
        return self._decoded / self.sample_rate_hz

    def blocks(self) -> Iterator[Waveform]:
        """Decode the file from front to back.

        Yields:
            Blocks of the channels' mean, each channel clipped to -1 to 1, [samples].

        Raises:
            UndecodableAudio: The data is damaged, cut off or not finite.
            AudioTooShort: The file has no samples.
            AudioTooLong: The file is longer than allowed.
        """
        block_frames = BLOCK_SAMPLES // self.channels
        share = np.full(self.channels, 1 / self.channels, np.float32)
        while True:
            block = self._read(block_frames)
            if not len(block):
                break
            self._decoded += len(block)
            if self._decoded > self._maximum_seconds * self.sample_rate_hz:
                raise AudioTooLong(None, self._maximum_seconds)
            if not np.isfinite(block).all():
                raise UndecodableAudio("not_finite")
            np.clip(block, -1, 1, out=block)
            yield block[:, 0] if self.channels == 1 else block @ share
        if self._decoded == 0:
            raise AudioTooShort(0.0, 0.0)
        announced = self._announced_frames
        if announced is not None and announced - self._decoded > _LENGTH_SLACK_FRAMES:
            raise UndecodableAudio("truncated")

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    @abstractmethod
    def _read(self, frames: int) -> NDArray[np.float32]:
        """Decode up to so many frames more, [frames, channels]; none at the end.

        Raises:
            UndecodableAudio: The data is damaged.
        """
