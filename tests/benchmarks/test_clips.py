import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks import clips
from benchmarks.errors import BenchmarkError
from benchmarks.model import Model
from runtime import wav


@pytest.mark.parametrize("seconds", [0.3, 10.1, 130.7])
def test_speech_is_as_long_as_asked_for_and_not_silent(model: Model, seconds: float) -> None:
    clip = clips.of_length(model.cloner, seconds)
    assert len(clip) == round(seconds * 22050)
    assert clip.dtype == np.float32
    assert np.abs(clip[-22050:]).max() > 0.01


def test_each_beginning_is_another_voice(model: Model) -> None:
    first, second = (clips.of_length(model.cloner, 1.0, first) for first in (0, 1))
    assert not np.array_equal(first, second)


def test_there_are_several_voices(model: Model) -> None:
    assert len(clips.voices(model.cloner, 0.5)) >= 3


def test_a_folder_gives_clips_spread_over_it(model: Model, tmp_path: Path) -> None:
    for index in range(6):
        data = wav.encode(np.full(22050, 0.1 * index, np.float32), 22050)
        (tmp_path / f"{index}.wav").write_bytes(data)
    (tmp_path / "notes.txt").write_text("no audio")
    found = clips.of_folder(model.cloner, tmp_path, 0.5, 3)
    assert [round(float(clip[0]), 1) for clip in found] == [0.0, 0.2, 0.4]
    assert all(len(clip) == 11025 for clip in found)


def test_a_folder_without_audio_is_an_error(model: Model, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no audio"):
        clips.of_folder(model.cloner, tmp_path, 0.5, 3)


def test_files_have_the_rate_asked_for(model: Model) -> None:
    clip = clips.of_length(model.cloner, 0.5)
    for rate_hz in (16_000, 22_050, 44_100):
        found = soundfile.info(io.BytesIO(clips.wav_file(clip, 22_050, rate_hz)))
        assert (found.samplerate, found.channels) == (rate_hz, 1)
        assert found.duration == pytest.approx(0.5, abs=1e-3)


def test_a_long_file_repeats_a_clip(tmp_path: Path) -> None:
    clip = np.linspace(-0.5, 0.5, 1000, dtype=np.float32)
    clips.write_long(tmp_path / "long.wav", clip, 8000, 0.3)
    found, rate_hz = soundfile.read(tmp_path / "long.wav", dtype="float32")
    assert (len(found), rate_hz) == (2400, 8000)
    np.testing.assert_allclose(found[1000:2000], clip, atol=1e-4)
    np.testing.assert_allclose(found[2000:], clip[:400], atol=1e-4)
