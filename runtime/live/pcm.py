"""Raw PCM to samples, from blocks of bytes that may end within a sample."""

from typing import Literal, TypeAlias

import numpy as np

from runtime.arrays import Waveform

PcmFormat: TypeAlias = Literal["pcm_s16le", "pcm_f32le"]

SAMPLE_BYTES: dict[PcmFormat, int] = {"pcm_s16le": 2, "pcm_f32le": 4}

_FULL_SCALE = np.float32(32768)


def samples_of(data: bytes | bytearray | memoryview, format: PcmFormat) -> Waveform:
    """Read whole little-endian mono samples.

    Args:
        data: Samples, one after another.
        format: Their format.

    Returns:
        Samples within -1 to 1, [samples]; those of `pcm_f32le` are as they were sent.
    """
    if format == "pcm_f32le":
        return np.frombuffer(data, "<f4").astype(np.float32)
    return np.frombuffer(data, "<i2").astype(np.float32) / _FULL_SCALE


class PcmReader:
    """Reads samples from blocks of bytes that are cut anywhere.

    Args:
        format: Format of the samples.
    """

    def __init__(self, format: PcmFormat) -> None:
        self._format = format
        self._rest = b""

    def read(self, data: bytes) -> Waveform:
        """Give the samples that are whole with these bytes, [samples]."""
        data = self._rest + data
        whole = len(data) - len(data) % SAMPLE_BYTES[self._format]
        self._rest = data[whole:]
        return samples_of(data[:whole], self._format)
