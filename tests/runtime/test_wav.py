import io

import numpy as np
import pytest
import soundfile

from runtime import wav
from tests.audio import voice


@pytest.mark.parametrize("samples", [0, 1, 2, 22050])
def test_others_read_what_is_written(samples: int) -> None:
    waveform = voice(1.0)[:samples]
    data = wav.encode(waveform, 22050)
    info = soundfile.info(io.BytesIO(data))
    assert (info.format, info.subtype) == ("WAV", "PCM_16")
    assert (info.samplerate, info.channels, info.frames) == (22050, 1, samples)
    found, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    np.testing.assert_array_equal(found, np.rint(waveform * 32767).astype(np.int16))


def test_header_and_samples_are_the_file() -> None:
    waveform = voice(0.1)
    parts = wav.header(len(waveform), 22050) + wav.pcm16(waveform)
    assert parts == wav.encode(waveform, 22050)


def test_samples_beyond_full_scale_are_clipped() -> None:
    found = np.frombuffer(wav.pcm16(np.array([-2, -1, 0, 1, 2], np.float32)), "<i2")
    assert found.tolist() == [-32767, -32767, 0, 32767, 32767]


def test_the_largest_file_has_a_header() -> None:
    assert len(wav.header(wav.MAXIMUM_SAMPLES, 22050)) == 44
