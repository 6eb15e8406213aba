"""Encoding of WAV files: mono, 16-bit PCM."""

import struct

import numpy as np

from runtime.arrays import Waveform

_HEADER_BYTES = 44
_FULL_SCALE = 32767

_CHUNKS_BYTES = 1 << 16
MAXIMUM_SAMPLES = (2**32 - _HEADER_BYTES - _CHUNKS_BYTES) // 2
"""Longest clip that a WAV file's 32-bit sizes can describe, with chunks of metadata after it."""


def pcm16(waveform: Waveform) -> bytes:
    """Round samples to little-endian 16-bit integers; values outside -1 to 1 are clipped.

    Args:
        waveform: Samples to encode, [samples].
    """
    scaled = np.clip(waveform, -1, 1) * np.float32(_FULL_SCALE)
    rounded: bytes = np.rint(scaled, out=scaled).astype("<i2").tobytes()
    return rounded


def header(samples: int, sample_rate_hz: int) -> bytes:
    """Make the header of a WAV file, to which the samples are appended."""
    data_bytes = 2 * samples
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        _HEADER_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        sample_rate_hz,
        2 * sample_rate_hz,
        2,
        16,
        b"data",
        data_bytes,
    )


def encode(waveform: Waveform, sample_rate_hz: int) -> bytes:
    """Encode a waveform as a WAV file.

    Args:
        waveform: Samples to encode, [samples].
        sample_rate_hz: Sample rate of the waveform.
    """
    return header(len(waveform), sample_rate_hz) + pcm16(waveform)
