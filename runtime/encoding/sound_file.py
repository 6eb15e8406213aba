"""Encoding through libsndfile: FLAC, MP3, Opus and G.711."""

from collections.abc import Callable

import numpy as np
import soundfile

from runtime import wav
from runtime.arrays import Waveform
from runtime.encoding.formats import Codec, Encoding, mp3_kbps
from runtime.encoding.mp3_info import info_frame, placeholder_bytes

# libsndfile's format and subtype
_CONTAINERS: dict[Codec, tuple[str, str]] = {
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "OPUS"),
    "ulaw": ("RAW", "ULAW"),
    "alaw": ("RAW", "ALAW"),
}
_LOSSY = frozenset[Codec]({"mp3", "ogg"})
_OPUS_KBPS = (6, 256)
# the range of libsndfile's level ends here: LAME refuses the last step
_HIGHEST_LEVEL = 0.999

# FLAC: `fLaC`, a block header, and STREAMINFO, whose last 36 bits before the MD5 are the length
_FLAC_HEAD_BYTES = 42
_FLAC_LENGTH = slice(21, 26)
_FLAC_LENGTH_BITS = 36
# an MP3 frame of the highest bit rate is shorter
_MP3_HEAD_BYTES = 1500


class SoundFileEncoder:
    """Encodes mono audio in a format of libsndfile.

    libsndfile would complete the header at the end, when it is long sent: its beginning is held
    back until the length can be put in. It is closed when it is released, because a step on
    another thread may still be using it when a caller gives up.

    Args:
        encoding: Format: `flac`, `mp3`, `ogg`, `ulaw` or `alaw`.
        samples: Length of the audio.
    """

    def __init__(self, encoding: Encoding, samples: int) -> None:
        codec = encoding.codec
        container, subtype = _CONTAINERS[codec]
        options = {"compression_level": _level(encoding)} if codec in _LOSSY else {}
        self._sink = _Sink()
        self._file = soundfile.SoundFile(
            self._sink,
            "w",
            encoding.sample_rate_hz,
            1,
            format=container,
            subtype=subtype,
            bitrate_mode="CONSTANT" if codec == "mp3" else None,
            **options,
        )
        self._is_lossy = codec in _LOSSY
        self._head_bytes = 0
        self._complete_head: Callable[[bytes], bytes] = bytes
        if codec == "flac":
            self._head_bytes = _FLAC_HEAD_BYTES
            self._complete_head = lambda head: _with_length(head, samples)
        elif codec == "mp3":
            self._head_bytes = _MP3_HEAD_BYTES
            self._complete_head = lambda head: _with_info(head, samples, encoding)

    def encode(self, waveform: Waveform) -> bytes:
        """Encode samples, [samples], and give the bytes so far."""
        if self._is_lossy:
            self._file.write(np.clip(waveform, -1, 1))
        else:
            # rounded as in a WAV file, so that FLAC holds the same samples
            self._file.write(np.frombuffer(wav.pcm16(waveform), "<i2"))
        return self._take(self._head_bytes)

    def finish(self) -> bytes:
        """Give the rest."""
        self._file.close()
        return self._take(0)

    def _take(self, least: int) -> bytes:
        """Give what was written, once it is at least so many bytes."""
        if len(self._sink.written) < least:
            return b""
        data = self._sink.take()
        if self._complete_head is not bytes:
            complete, self._complete_head, self._head_bytes = self._complete_head, bytes, 0
            data = complete(data)
        return data


class _Sink:
    """The file that libsndfile writes to; what it writes a second time is dropped."""

    def __init__(self) -> None:
        self.written = bytearray()
        self._position = 0
        self._end = 0

    def take(self) -> bytes:
        data = bytes(self.written)
        self.written.clear()
        return data

    def write(self, data: bytes) -> int:
        if self._position == self._end:
            self.written += data
            self._end += len(data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = (0, self._position, self._end)[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position


def _level(encoding: Encoding) -> float:
    """Return libsndfile's compression level, which is 0 for the highest bit rate and 1 for none.

    https://libsndfile.github.io/libsndfile/command.html#sfc_set_compression_level says what it
    stands for; that the bit rate is linear in it is in its source (mpeg_l3_encode.c, ogg_opus.c).
    """
    if encoding.codec == "ogg":
        lowest, highest = _OPUS_KBPS
    else:
        possible = mp3_kbps(encoding.sample_rate_hz)
        lowest, highest = possible[0], possible[-1]
    return min(_HIGHEST_LEVEL, (highest - encoding.kbps) / (highest - lowest))


def _with_length(head: bytes, samples: int) -> bytes:
    """Put the length into a FLAC file's STREAMINFO."""
    field = int.from_bytes(head[_FLAC_LENGTH], "big")
    field = field >> _FLAC_LENGTH_BITS << _FLAC_LENGTH_BITS | samples
    return head[: _FLAC_LENGTH.start] + field.to_bytes(5, "big") + head[_FLAC_LENGTH.stop :]


def _with_info(head: bytes, samples: int, encoding: Encoding) -> bytes:
    """Put an Info frame before an MP3 file's first frame, in place of LAME's empty one."""
    rate_hz, kbps = encoding.sample_rate_hz, encoding.kbps
    return info_frame(samples, rate_hz, kbps) + head[placeholder_bytes(head, rate_hz, kbps) :]
