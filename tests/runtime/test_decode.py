import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from runtime import VoiceCloner
from runtime.arrays import Waveform
from runtime.decode import AudioFile, decode_audio, open_audio
from runtime.errors import AudioError, AudioTooLong, AudioTooShort, UndecodableAudio
from runtime.source import FileSource, MemorySource
from tests.audio import FORMATS, audio_file, voice, voice_file


def decode(data: bytes, maximum_seconds: float = 60.0) -> tuple[Waveform, int]:
    with open_audio(MemorySource(data), maximum_seconds=maximum_seconds) as file:
        return np.concatenate(list(file.blocks())), file.sample_rate_hz


def wav_header(
    *, rate: int = 22050, channels: int = 1, data_bytes: int = 0, body: bytes = b""
) -> bytes:
    return (
        struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            *(b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, channels, rate),
            *(2 * channels * rate % 2**32, 2 * channels % 2**16, 16, b"data", data_bytes),
        )
        + body
    )


def without_length(flac: bytes) -> bytes:
    """Clear STREAMINFO's count of samples, as an encoder that writes to a pipe does."""
    data = bytearray(flac)
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_formats_are_told_by_content(kind: str, rate: int) -> None:
    expected = voice(1.0, rate)
    found, found_rate = decode(voice_file(1.0, rate, kind=kind))
    assert found_rate == rate
    assert len(found) == rate
    assert found.dtype == np.float32
    spectra = [np.abs(np.fft.rfft(signal)) for signal in (expected, found)]
    assert np.corrcoef(spectra)[0, 1] > 0.98


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_size_is_read(subtype: str) -> None:
    expected = voice(0.3)
    found, _ = decode(audio_file(expected, subtype=subtype))
    assert np.abs(found - expected).max() < (0.01 if subtype == "PCM_U8" else 1e-4)


@pytest.mark.parametrize("format", ["WAV", "WAVEX", "FLAC", "RF64"])
@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_averaged(channels: int, format: str) -> None:
    signal = np.stack([voice(0.4, seed=n) for n in range(channels)], axis=1)
    found, _ = decode(audio_file(signal, format=format, subtype="PCM_24"))
    np.testing.assert_allclose(found, signal.mean(axis=1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate", [4000, 384000])
def test_rates_at_the_limits_are_read(rate: int) -> None:
    found, found_rate = decode(audio_file(voice(0.2, rate), rate))
    assert (len(found), found_rate) == (rate // 5, rate)


def test_samples_beyond_full_scale_are_clipped() -> None:
    found, _ = decode(audio_file(voice(0.1) * 1e30, subtype="FLOAT"))
    assert np.abs(found).max() == 1.0


def test_a_stream_that_does_not_say_its_length_is_read() -> None:
    flac = voice_file(3.0, kind="flac")
    expected, _ = decode(flac)
    np.testing.assert_array_equal(decode(without_length(flac))[0], expected)
    endless = wav_header(data_bytes=2**32 - 1, body=bytes(2000))
    assert len(decode(endless)[0]) == 1000


@pytest.mark.parametrize("loud_first", [True, False])
def test_an_mp3_without_a_count_of_frames_is_read_whole(tmp_path: Path, loud_first: bool) -> None:
    # noise takes frames of a high bit rate, silence of a low one, so a guess is far out
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 44100 * 3).astype(np.float32)
    parts = [noise, np.zeros_like(noise)]
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", 44100, 1, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5
    ) as writer:
        writer.write(np.concatenate(parts if loud_first else parts[::-1]))
    whole = file.getvalue()
    start = next(
        at for at in range(100, 3000) if whole[at : at + 2] == b"\xff\xfb" and whole[at + 2] >> 4
    )
    data = whole[start:]
    found, _ = decode(data)
    assert abs(len(found) / 44100 - 6.0) < 0.1
    path = tmp_path / "clip.raw"
    path.write_bytes(data)
    with (
        path.open("rb", buffering=0) as opened,
        AudioFile(FileSource(opened), maximum_seconds=10) as audio,
    ):
        np.testing.assert_array_equal(np.concatenate(list(audio.blocks())), found)
    with pytest.raises(AudioTooLong):
        decode(data, 5.0)


def _nan(value: float) -> bytes:
    signal = voice(0.5)
    signal[5000] = value
    return audio_file(signal, subtype="FLOAT")


def _opposite_infinities() -> bytes:
    signal: NDArray[np.float32] = np.zeros((100, 2), np.float32)
    signal[50] = np.inf, -np.inf
    return audio_file(signal, subtype="FLOAT")


MP3 = voice_file(5.0, 44100, kind="mp3")
FLAC = voice_file(2.0, kind="flac")

BAD: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "empty": (b"", "unknown_format", {}),
    "text": (b"This is not audio.\n" * 50, "unknown_format", {}),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(500), "unknown_format", {}),
    "avi": (b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(500), "unknown_format", {}),
    "aiff": (audio_file(voice(0.1), format="AIFF"), "unknown_format", {}),
    "au": (audio_file(voice(0.1), format="AU"), "unknown_format", {}),
    "half a header": (wav_header()[:30], "corrupt", {}),
    "truncated mp3": (MP3[: len(MP3) // 2], "truncated", {}),
    "start of an mp3": (MP3[:300], "corrupt", {}),
    "truncated flac": (FLAC[: len(FLAC) // 2], "corrupt", {}),
    "start of a flac": (FLAC[:20], "corrupt", {}),
    "1 Hz": (
        wav_header(rate=1, data_bytes=2000, body=bytes(2000)),
        "sample_rate",
        {"sample_rate_hz": 1},
    ),
    "4 GHz": (wav_header(rate=4_000_000_000, data_bytes=2000, body=bytes(2000)), "corrupt", {}),
    "2 GHz": (
        wav_header(rate=2_000_000_000, data_bytes=2000, body=bytes(2000)),
        "sample_rate",
        {"sample_rate_hz": 2_000_000_000},
    ),
    "1,024 channels": (
        wav_header(channels=1024, data_bytes=20480, body=bytes(20480)),
        "channels",
        {"channels": 1024},
    ),
    "9 channels": (
        audio_file(np.zeros((100, 9), np.float32)),
        "channels",
        {"channels": 9},
    ),
    "no channels": (wav_header(channels=0, data_bytes=2000, body=bytes(2000)), "corrupt", {}),
    "NaN": (_nan(float("nan")), "not_finite", {}),
    "infinity": (_nan(float("inf")), "not_finite", {}),
    "opposite infinities": (_opposite_infinities(), "not_finite", {}),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_the_reason(name: str) -> None:
    data, reason, facts = BAD[name]
    with pytest.raises(UndecodableAudio) as caught:
        decode(data)
    assert caught.value.facts == {"reason": reason, **facts}


@pytest.mark.parametrize(
    "data",
    [
        wav_header(),
        wav_header(data_bytes=100_000),
        audio_file(np.zeros(0, np.float32)),
    ],
    ids=["nothing", "only promised", "empty wav"],
)
def test_a_header_without_samples_is_too_short(data: bytes) -> None:
    with pytest.raises(AudioTooShort) as caught:
        decode(data)
    assert caught.value.facts["seconds"] == 0


def test_hours_in_a_small_file_are_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = audio_file(np.zeros(3 * 3600 * 8000, np.int16), 8000, format="FLAC")
    assert len(hours) < 400_000
    read: list[int] = []
    original = AudioFile._read

    def counted(self: AudioFile, frames: int) -> NDArray[np.float32]:
        read.append(frames)
        return original(self, frames)

    monkeypatch.setattr(AudioFile, "_read", counted)
    with pytest.raises(AudioTooLong) as caught:
        decode(hours, 600)
    assert caught.value.facts == {"seconds": 10800.0, "maximum_seconds": 600}
    assert not read
    with pytest.raises(AudioTooLong) as caught:
        decode(without_length(hours), 600)
    assert caught.value.facts == {"seconds": None, "maximum_seconds": 600}
    assert sum(read) < 700 * 8000


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_never_surprises(kind: str) -> None:
    original = voice_file(0.5, 16000, kind=kind)
    generator = np.random.default_rng(len(kind))
    for _ in range(150):
        data = bytearray(original)
        for _ in range(generator.integers(1, 30)):
            data[generator.integers(len(data) if generator.random() < 0.5 else 100)] = (
                generator.integers(256)
            )
        try:
            found, rate = decode(bytes(data))
        except AudioError:
            continue
        assert 0 < len(found) <= 60 * rate
        assert np.abs(found).max() <= 1


def test_limits_of_length_are_kept() -> None:
    second = voice_file(1.0, 44100)
    assert len(decode_audio(second, 22050, minimum_seconds=1.0, maximum_seconds=1.0)) == 22050
    with pytest.raises(AudioTooShort) as short:
        decode_audio(second, 22050, minimum_seconds=1.001)
    assert short.value.facts == {"seconds": 1.0, "minimum_seconds": 1.001}
    with pytest.raises(AudioTooLong) as long:
        decode_audio(second, 22050, maximum_seconds=0.999)
    assert long.value.facts == {"seconds": 1.0, "maximum_seconds": 0.999}


def test_a_rest_of_one_sample_is_accepted() -> None:
    for rate in (8000, 44100, 384000):
        found = decode_audio(audio_file(voice(0.1)[:1], rate), 22050)
        assert len(found) == max(1, round(22050 / rate))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_are_taken(kind: type) -> None:
    assert len(decode_audio(kind(voice_file(0.25)), 22050)) == round(0.25 * 22050)


def test_a_cloner_decodes_to_its_models_rate(cloner: VoiceCloner) -> None:
    file = voice_file(0.25, 48000)
    np.testing.assert_array_equal(cloner.decode(file), decode_audio(file, cloner.sample_rate_hz))
