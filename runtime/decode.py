"""Decoding of audio files into mono waveforms; what a header says is checked, never trusted."""

from collections.abc import Iterator
from types import TracebackType

import numpy as np
import soundfile
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.errors import AudioTooLong, AudioTooShort, UndecodableAudio
from runtime.limits import (
    MAXIMUM_CHANNELS,
    MAXIMUM_SAMPLE_RATE_HZ,
    MAXIMUM_SECONDS,
    MINIMUM_SAMPLE_RATE_HZ,
)
from runtime.mp3 import is_mpeg_audio, length_is_guessed
from runtime.resample import resample_blocks
from runtime.source import MemorySource, Source, StretchedSource

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


def decode_audio(
    data: bytes | bytearray | memoryview,
    sample_rate_hz: int,
    *,
    minimum_seconds: float = 0.0,
    maximum_seconds: float = MAXIMUM_SECONDS,
) -> Waveform:
    """Decode an audio file in memory: WAV, MP3, FLAC, OGG Vorbis or OGG Opus.

    Args:
        data: Bytes of the file.
        sample_rate_hz: Sample rate of the result.
        minimum_seconds: Length below which a clip is refused.
        maximum_seconds: Length above which a clip is refused, without decoding it whole.

    Returns:
        Mean of the channels, [round(seconds * sample_rate_hz)].

    Raises:
        UndecodableAudio: The data is not such a file, or a damaged one.
        AudioTooShort: The clip is too short, or empty.
        AudioTooLong: The clip is too long.
    """
    with AudioFile(MemorySource(data), maximum_seconds=maximum_seconds) as file:
        # grows in place, where joining blocks at the end would hold the clip twice
        samples = bytearray()
        for block in resample_blocks(file.blocks(), file.sample_rate_hz, sample_rate_hz):
            samples += block.data.cast("B")
        if file.decoded_seconds < minimum_seconds:
            raise AudioTooShort(file.decoded_seconds, minimum_seconds)
    return np.frombuffer(samples, np.float32)


class AudioFile:
    """An open audio file whose header has been checked; a context manager.

    The format is told by the file's content.

    Args:
        source: Bytes of the file.
        maximum_seconds: Length above which the file is refused, whether its header or its
            decoding shows it.

    Attributes:
        sample_rate_hz: Sample rate of the file.
        channels: Number of channels of the file.

    Raises:
        UndecodableAudio: The file is in no format that can be read, or its header is out of range.
        AudioTooLong: The header announces too long a clip.
    """

    def __init__(self, source: Source, *, maximum_seconds: float) -> None:
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


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read once from front to back.

    soundfile seeks in a seekable one after each block: slow, inexact in MP3, impossible in a
    FLAC stream of unknown length.
    """

    def seekable(self) -> bool:
        return False


def _may_be_accepted(head: bytes) -> bool:
    """Tell from a file's first bytes whether its format may be one that is accepted."""
    if head[:4] in {b"RIFF", b"RIFX", b"RF64"}:
        return head[8:12] == b"WAVE"
    return head[:4] in {b"fLaC", b"OggS"} or head[:3] == b"ID3" or is_mpeg_audio(head)
