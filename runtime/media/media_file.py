"""Media files decoded by a worker process: M4A and MP4, WebM, and AAC without a container."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from runtime.audio_reader import AudioReader
from runtime.errors import AudioTooShort, UndecodableAudio
from runtime.source import FileSource, MemorySource, Source

MEDIA_FORMATS = ("m4a", "aac", "webm", "mp4")
"""Formats that are read where the extra `formats` is installed."""

_WORKER = Path(__file__).with_name("worker.py")

_WORKER_BYTES = 512 * 1024 * 1024
"""Address space of a worker besides the file's bytes, of which its libraries take a quarter."""

_SECRET_PREFIX = "OPENVOICE_"
_PART_LENGTH = struct.Struct("<I")
_LONGEST_PART_BYTES = 64 * 1024 * 1024
_SAMPLE_BYTES = 4

_NO_SAMPLES = "no_samples"


def demuxer_of(head: bytes) -> str | None:
    """Tell from a file's first bytes which of FFmpeg's demuxers reads it, if one is allowed to."""
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    # ADTS: twelve set bits, then the layer, which is zero only there
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    return None


def is_available() -> bool:
    """Tell whether media files can be read here: whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


class MediaFile(AudioReader):
    """An open media file: the first sound track of an M4A, AAC, WebM or MP4 file.

    Args:
        source: Bytes of the file.
        demuxer: Demuxer that reads it, as `demuxer_of` told.
        maximum_seconds: Length above which the file is refused.

    Raises:
        UndecodableAudio: The file cannot be decoded, or PyAV is not installed.
        AudioTooShort: The track has no samples.
        AudioTooLong: The container announces too long a track.
    """

    def __init__(self, source: Source, demuxer: str, *, maximum_seconds: float) -> None:
        if not is_available():
            raise UndecodableAudio("formats_not_installed")
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        self._worker = _start(source, demuxer, maximum_seconds, _WORKER_BYTES + 2 * size)
        assert self._worker.stdout is not None
        self._output: IO[bytes] = self._worker.stdout
        self._pending = bytearray()
        self._ended = False
        try:
            if isinstance(source, MemorySource):
                self._feed(source)
            super().__init__(*self._read_header(), maximum_seconds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the worker, whatever it does."""
        self._worker.kill()
        self._worker.wait()
        self._output.close()

    def _read(self, frames: int) -> NDArray[np.float32]:
        frame_bytes = _SAMPLE_BYTES * self.channels
        while len(self._pending) < frames * frame_bytes and not self._ended:
            part = self._read_part()
            if part:
                self._pending += part
            else:
                self._end()
        whole = min(frames, len(self._pending) // frame_bytes) * frame_bytes
        block = np.frombuffer(self._pending[:whole], np.float32).reshape(-1, self.channels)
        del self._pending[:whole]
        return block

    def _feed(self, source: MemorySource) -> None:
        assert self._worker.stdin is not None
        try:
            with self._worker.stdin as pipe:
                pipe.write(source.data)
        except BrokenPipeError:
            pass  # what its output says, or that there is none, tells why

    def _read_header(self) -> tuple[int, int, int | None]:
        """Read the sample rate, the number of channels and the announced length.

        Raises:
            UndecodableAudio: There is no audio.
        """
        part = self._read_part()
        if not part:
            self._end()
            raise UndecodableAudio("corrupt")
        facts = _parse(part)
        return facts["sample_rate_hz"], facts["channels"], facts["samples"]

    def _end(self) -> None:
        """Take note of how decoding ended.

        Raises:
            UndecodableAudio: It failed.
            AudioTooShort: There was no sample.
        """
        self._ended = True
        reason = _parse(self._read_part()).get("reason")
        if reason == _NO_SAMPLES:
            raise AudioTooShort(0.0, 0.0)
        if reason is not None:
            raise UndecodableAudio(reason)

    def _read_part(self) -> bytes:
        """Read one part of the worker's output.

        Raises:
            UndecodableAudio: The worker has ended before its output: it exceeded a limit.
        """
        length = self._output.read(_PART_LENGTH.size)
        if len(length) < _PART_LENGTH.size:
            raise UndecodableAudio("corrupt")
        (count,) = _PART_LENGTH.unpack(length)
        part = self._output.read(count) if count <= _LONGEST_PART_BYTES else b""
        if len(part) < count:
            raise UndecodableAudio("corrupt")
        return part


def _parse(part: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(part)
    return facts


def _start(
    source: Source, demuxer: str, maximum_seconds: float, memory_bytes: int
) -> subprocess.Popen[bytes]:
    """Start a worker; it inherits a file on disk, and is sent one in memory."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_SECRET_PREFIX)
    }
    return subprocess.Popen(
        # -P: no module beside the worker can take the place of one that it imports
        [
            *(sys.executable, "-P", str(_WORKER)),
            *(demuxer, str(maximum_seconds), str(memory_bytes)),
        ],
        stdin=source.file if isinstance(source, FileSource) else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
