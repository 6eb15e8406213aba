from __future__ import annotations

import base64
import io
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from client.audio import encode, pcm_of, read, segments, write_wav
from client.errors import UnexpectedAnswer, UnreadableAudio
from tests.client.fake_server import wav_file


def test_read_takes_bytes_paths_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")
    with path.open("rb") as file:
        assert [read(b"RIFF"), read(path), read(str(path)), read(file)] == [b"RIFF"] * 4
    assert base64.b64decode(encode(path)) == b"RIFF"


def test_read_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudio, match=r"missing\.wav: No such file"):
        read(tmp_path / "missing.wav")


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_segments_joined_are_the_source(tmp_path: Path, subtype: str, channels: int) -> None:
    rng = np.random.default_rng(7)
    waveform = rng.uniform(-0.9, 0.9, (20_001, channels)).astype(np.float32)
    path = tmp_path / "source.wav"
    soundfile.write(path, waveform, 8000, subtype)
    cut = list(segments(path, 1.0))
    pieces = [soundfile.read(io.BytesIO(piece.wav), always_2d=True) for piece in cut]
    assert [len(samples) for samples, _ in pieces] == [8000, 8000, 4001]
    assert {rate for _, rate in pieces} == {8000}
    assert [piece.progress for piece in cut] == pytest.approx([8 / 20.001, 16 / 20.001, 1])
    joined = np.concatenate([samples for samples, _ in pieces])
    assert np.abs(joined - waveform).max() <= 1 / 32768


def test_segments_take_bytes_and_files() -> None:
    wav = wav_file(300, 100)
    assert len(list(segments(wav, 1.0))) == 3
    assert len(list(segments(io.BytesIO(wav), 2.0))) == 2


def test_segments_refuse_what_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no audio", "utf-8")
    with pytest.raises(UnreadableAudio, match=r"text\.wav"):
        next(segments(path, 10.0))
    with pytest.raises(UnreadableAudio, match=r"gone\.wav"):
        next(segments(tmp_path / "gone.wav", 10.0))


def test_segments_of_no_length_are_refused() -> None:
    with pytest.raises(UnreadableAudio, match="would be empty"):
        next(segments(wav_file(10), 0.00001))


def test_pcm_of_returns_samples_and_rate() -> None:
    pcm, sample_rate_hz = pcm_of(wav_file(5))
    assert (len(pcm), sample_rate_hz) == (10, 22050)


@pytest.mark.parametrize("data", [b"", b"RIFFRIFFRIFFRIFF", wav_file(5, channels=2)])
def test_pcm_of_refuses_other_files(data: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        pcm_of(data)


def test_write_wav_patches_the_header_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    with path.open("wb") as file:
        write_wav(file, iter([b"\1\0\2\0", b"\3\0"]), 22050)
    with wave.open(str(path)) as sound:
        assert sound.getnframes() == 3
        assert sound.readframes(3) == b"\1\0\2\0\3\0"
