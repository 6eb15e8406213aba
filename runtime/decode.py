"""Decoding of audio files into mono waveforms; what a header says is checked, never trusted."""

import numpy as np
import soundfile
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.audio_reader import AudioReader
from runtime.errors import AudioTooShort, UndecodableAudio
from runtime.limits import MAXIMUM_SECONDS
from runtime.media.media_file import MediaFile, demuxer_of
from runtime.mp3 import is_mpeg_audio, length_is_guessed
from runtime.resample import resample_blocks
from runtime.source import MemorySource, Source, StretchedSource

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


def decode_audio(
    data: bytes | bytearray | memoryview,
    sample_rate_hz: int,
    *,
    minimum_seconds: float = 0.0,
    maximum_seconds: float = MAXIMUM_SECONDS,
) -> Waveform:
    """Decode an audio file in memory: WAV, MP3, FLAC, OGG Vorbis or OGG Opus.

    With the extra `formats` (PyAV) also the sound of M4A, AAC, WebM and MP4.

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
    with open_audio(MemorySource(data), maximum_seconds=maximum_seconds) as file:
        # grows in place, where joining blocks at the end would hold the clip twice
        samples = bytearray()
        for block in resample_blocks(file.blocks(), file.sample_rate_hz, sample_rate_hz):
            samples += block.data.cast("B")
        if file.decoded_seconds < minimum_seconds:
            raise AudioTooShort(file.decoded_seconds, minimum_seconds)
    return np.frombuffer(samples, np.float32)


def open_audio(source: Source, *, maximum_seconds: float) -> AudioReader:
    """Open an audio file, whose format is told by its content.

    Args:
        source: Bytes of the file.
        maximum_seconds: Length above which the file is refused, whether its header or its
            decoding shows it.

    Raises:
        UndecodableAudio: The file is in no format that can be read, or its header is out of range.
        AudioTooShort: The file is a media file whose sound track has no samples.
        AudioTooLong: The header announces too long a clip.
    """
    head = source.peek(0, _MAGIC_BYTES)
    demuxer = demuxer_of(head)
    if demuxer is not None:
        return MediaFile(source, demuxer, maximum_seconds=maximum_seconds)
    # libsndfile knows many more formats, and some of their readers print what they meet
    if not _may_be_accepted(head):
        raise UndecodableAudio("unknown_format")
    return AudioFile(source, maximum_seconds=maximum_seconds)


class AudioFile(AudioReader):
    """An open audio file in a format of libsndfile: WAV, MP3, FLAC or OGG.

    Args:
        source: Bytes of the file.
        maximum_seconds: Length above which the file is refused, whether its header or its
            decoding shows it.

    Raises:
        UndecodableAudio: The file is in no format that can be read, or its header is out of range.
        AudioTooLong: The header announces too long a clip.
    """

    def __init__(self, source: Source, *, maximum_seconds: float) -> None:
        length_known = not length_is_guessed(source)
        try:
            self._file = _ForwardFile(source if length_known else StretchedSource(source))
        except soundfile.LibsndfileError as error:
            unknown = error.code == _UNRECOGNISED_FORMAT
            raise UndecodableAudio("unknown_format" if unknown else "corrupt") from error
        frames: int = self._file.frames
        try:
            subtypes = _SUBTYPES_BY_FORMAT.get(self._file.format, frozenset())
            if subtypes is not None and self._file.subtype not in subtypes:
                raise UndecodableAudio("unknown_format")
            super().__init__(
                self._file.samplerate,
                self._file.channels,
                frames if length_known and frames < _UNKNOWN_FRAMES else None,
                maximum_seconds,
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, frames: int) -> NDArray[np.float32]:
        try:
            block: NDArray[np.float32] = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise UndecodableAudio("corrupt") from error
        return block


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
