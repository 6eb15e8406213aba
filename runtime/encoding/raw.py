"""Encoding without compression: WAV, and raw 16-bit samples in either byte order."""

import numpy as np

from runtime import wav
from runtime.arrays import Waveform
from runtime.encoding.formats import Encoding


class RawEncoder:
    """Encodes mono 16-bit samples, in WAV after a header.

    Args:
        encoding: Format: `wav`, `pcm` or `l16`.
        samples: Length of the audio.
    """

    def __init__(self, encoding: Encoding, samples: int) -> None:
        self._big_endian = encoding.codec == "l16"
        is_wav = encoding.codec == "wav"
        self._header = wav.header(samples, encoding.sample_rate_hz) if is_wav else b""

    def encode(self, waveform: Waveform) -> bytes:
        """Encode samples, [samples], and give the bytes so far."""
        header, self._header = self._header, b""
        samples = wav.pcm16(waveform)
        if self._big_endian:
            samples = np.frombuffer(samples, np.int16).byteswap().tobytes()
        return header + samples

    def finish(self) -> bytes:
        """Give the rest: nothing but the header where there was no sample."""
        header, self._header = self._header, b""
        return header
