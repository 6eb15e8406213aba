"""Audio files into mono blocks. What a header says is checked, never trusted."""

from collections.abc import Iterator
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.errors import (
    MAXIMUM_CHANNELS,
    MAXIMUM_SAMPLE_RATE_HZ,
    MINIMUM_SAMPLE_RATE_HZ,
    AudioTooLong,
    AudioTooShort,
    UndecodableAudio,
)
from runtime.mp3 import is_mpeg_audio, length_is_guessed
from runtime.source import Source, StretchedSource

BLOCK_SAMPLES = 65_536
"""Samples decoded at a time, over all channels."""

_SUBTYPES_BY_FORMAT: dict[str, frozenset[str] | None] = {
    "WAV": None,
    "WAVEX": None,
    "RF64": None,
    "FLAC": None,
    "MP3": None,
    "OGG": frozenset({"VORBIS", "OPUS"}),
}
_MAGIC_BYTES = 12
_UNRECOGNISED_FORMAT = 1
# libsndfile's length of a file that does not say
_UNKNOWN_FRAMES = 2**63 - 1
# a decoder's own delay and padding, which a length may or may not count
_LENGTH_SLACK_FRAMES = 4 * 1152


def _may_be_accepted(head: bytes) -> bool:
    """Tell by a file's first bytes whether it may be of a format that we accept."""
    if head[:4] in {b"RIFF", b"RIFX", b"RF64"}:
        return head[8:12] == b"WAVE"
    return head[:4] in {b"fLaC", b"OggS"} or head[:3] == b"ID3" or is_mpeg_audio(head)


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read once from front to back.

    A seekable one would be sought after each block: slow, inexact in MP3, impossible in a
    FLAC stream of unknown length.
    """

    def seekable(self) -> bool:
        return False


class AudioFile:
    """One audio file, opened and its header checked; a context manager.

    Attributes:
        sample_rate_hz: of the file.
        channels: of the file.
    """

    def __init__(self, source: Source, *, maximum_seconds: float) -> None:
        """Open a file; its format is told by its content.

        Args:
            source: the file's bytes.
            maximum_seconds: a file that says or turns out to be longer is refused.

        Raises:
            UndecodableAudio: it is no audio that we read, or its header is out of range.
            AudioTooLong: its header announces more.
        """
        # libsndfile knows many more formats, and some of their readers print what they meet
        if not _may_be_accepted(source.peek(0, _MAGIC_BYTES)):
            raise UndecodableAudio("unknown_format")
        self._length_known = not length_is_guessed(source)
        try:
            self._file = _ForwardFile(source if self._length_known else StretchedSource(source))
        except soundfile.LibsndfileError as error:
            unknown = error.code == _UNRECOGNISED_FORMAT
            raise UndecodableAudio("unknown_format" if unknown else "corrupt") from error
        self._maximum_seconds = maximum_seconds
        self._decoded = 0
        self.sample_rate_hz: int = self._file.samplerate
        self.channels: int = self._file.channels
        try:
            self._check_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def decoded_seconds(self) -> float:
        """Length of what has been decoded: of all of it at the end."""
        return self._decoded / self.sample_rate_hz

    def blocks(self) -> Iterator[Waveform]:
        """Decode the file from front to back.

        Yields:
            Blocks of the channels' mean, each channel clipped to -1 to 1, [samples].

        Raises:
            UndecodableAudio: the data is damaged, cut off or not finite.
            AudioTooShort: there is not one sample.
            AudioTooLong: more came than is allowed.
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

    @property
    def _announced_frames(self) -> int | None:
        frames: int = self._file.frames
        return frames if self._length_known and frames < _UNKNOWN_FRAMES else None

    def _read(self, frames: int) -> NDArray[np.float32]:
        try:
            block: NDArray[np.float32] = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise UndecodableAudio("corrupt") from error
        return block

    def _check_header(self) -> None:
        subtypes = _SUBTYPES_BY_FORMAT.get(self._file.format, frozenset())
        if subtypes is not None and self._file.subtype not in subtypes:
            raise UndecodableAudio("unknown_format")
        if not MINIMUM_SAMPLE_RATE_HZ <= self.sample_rate_hz <= MAXIMUM_SAMPLE_RATE_HZ:
            raise UndecodableAudio("sample_rate", sample_rate_hz=self.sample_rate_hz)
        if self.channels > MAXIMUM_CHANNELS:
            raise UndecodableAudio("channels", channels=self.channels)
        announced = self._announced_frames
        if announced is not None and announced > self._maximum_seconds * self.sample_rate_hz:
            raise AudioTooLong(announced / self.sample_rate_hz, self._maximum_seconds)
