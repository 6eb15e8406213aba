import numpy as np
import pytest

from runtime.live.pcm import PcmFormat, PcmReader, samples_of


@pytest.mark.parametrize("format", ["pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_bytes_may_be_cut_anywhere(format: PcmFormat, size: int) -> None:
    values = np.array([0, 1, -1, 0.5, -0.25], np.float32)
    data = (
        values.tobytes()
        if format == "pcm_f32le"
        else np.array([0, 32767, -32768, 16384, -8192], "<i2").tobytes()
    )
    reader = PcmReader(format)
    found = np.concatenate([reader.read(data[at : at + size]) for at in range(0, len(data), size)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values, atol=1 / 32768)
    np.testing.assert_array_equal(found, samples_of(data, format))


def test_a_cut_sample_waits() -> None:
    reader = PcmReader("pcm_s16le")
    assert len(reader.read(b"\x00")) == 0
    assert len(reader.read(b"\x40\x00")) == 1
