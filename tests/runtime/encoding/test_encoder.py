import io

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from runtime import wav
from runtime.arrays import Waveform
from runtime.encoding import Codec, Encoding, encode, open_encoder
from runtime.encoding.formats import mp3_kbps, sample_rates_hz
from runtime.resample import resample_blocks, resampled_samples
from tests.audio import voice

RATE_HZ = 22050
FILES: tuple[Codec, ...] = ("wav", "flac", "mp3", "ogg")
LEAST_SNR_DB = {"wav": 80.0, "flac": 80.0, "mp3": 15.0, "ogg": 15.0}


def encoded(
    waveform: Waveform,
    codec: Codec,
    sample_rate_hz: int | None = None,
    *,
    kbps: int | None = None,
    piece: int = 7001,
) -> bytes:
    encoding = Encoding.choose(codec, RATE_HZ, sample_rate_hz=sample_rate_hz, kbps=kbps)
    pieces = [waveform[at : at + piece] for at in range(0, len(waveform), piece)]
    return b"".join(encode(pieces, encoding, len(waveform), RATE_HZ))


def decoded(data: bytes) -> tuple[NDArray[np.float32], int]:
    waveform, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    return waveform, rate_hz


class Pipe(io.RawIOBase):
    """Bytes that can be read only once, of unknown length."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._file.readinto(buffer)


def samples_by_ffmpeg(data: bytes) -> int:
    with av.open(Pipe(data), "r") as container:
        return sum(int(frame.samples) for frame in container.decode(audio=0))


def snr_db(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    noise = np.mean(np.square(expected - found)) + 1e-20
    return float(10 * np.log10(np.mean(np.square(expected)) / noise))


def rates(codec: Codec) -> tuple[int, ...]:
    return sample_rates_hz(codec) or (8000, 16000, 22050, 31999, 48000)


EVERY_FILE = [(codec, rate_hz) for codec in FILES for rate_hz in rates(codec)]


@pytest.mark.parametrize(("codec", "rate_hz"), EVERY_FILE)
def test_a_file_holds_the_audio_and_is_as_long(codec: Codec, rate_hz: int) -> None:
    waveform = voice(2.01)
    data = encoded(waveform, codec, rate_hz)
    found, found_hz = decoded(data)
    (expected,) = [np.concatenate(list(resample_blocks([waveform], RATE_HZ, rate_hz)))]
    assert found_hz == rate_hz
    assert len(found) == len(expected) == samples_by_ffmpeg(data)
    assert snr_db(expected, found) > LEAST_SNR_DB[codec]


@pytest.mark.parametrize("codec", FILES)
@pytest.mark.parametrize("samples", [1, 47, 575, 576, 577, 1152, 1153, 5761, 22049])
def test_any_length_is_told_by_the_header(codec: Codec, samples: int) -> None:
    data = encoded(voice(1.0)[:samples], codec)
    found, found_hz = decoded(data)
    assert len(found) == resampled_samples(samples, RATE_HZ, found_hz)
    assert soundfile.info(io.BytesIO(data)).frames == len(found)
    # of a result of two milliseconds ffmpeg plays some of the padding
    if samples >= 47:
        assert samples_by_ffmpeg(data) == len(found)


def test_pieces_joined_at_either_end_do_not_drift() -> None:
    waveform = voice(3.1)
    pieces = np.split(waveform, range(10_000, len(waveform), 10_000))
    for codec in FILES:
        total = 0
        for piece in pieces:
            found, rate_hz = decoded(encoded(piece, codec))
            total += len(found)
        assert abs(total * RATE_HZ / rate_hz - len(waveform)) <= len(pieces) / 2


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3", "pcm", "l16", "ulaw", "alaw"])
def test_how_audio_is_cut_into_pieces_changes_nothing(codec: Codec) -> None:
    waveform = voice(1.3)
    whole = encoded(waveform, codec, piece=len(waveform))
    assert encoded(waveform, codec, piece=997) == whole


def test_flac_and_raw_samples_are_those_of_wav() -> None:
    waveform = voice(0.5) * 3
    expected = np.frombuffer(wav.pcm16(waveform), "<i2")
    assert wav.encode(waveform, RATE_HZ) == encoded(waveform, "wav")
    assert encoded(waveform, "pcm") == expected.tobytes()
    assert encoded(waveform, "l16") == expected.astype(">i2").tobytes()
    samples, _ = soundfile.read(io.BytesIO(encoded(waveform, "flac")), dtype="int16")
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize(("codec", "subtype"), [("ulaw", "ULAW"), ("alaw", "ALAW")])
def test_telephone_samples(codec: Codec, subtype: str) -> None:
    waveform = voice(0.5)
    data = encoded(waveform, codec)
    found, _ = soundfile.read(
        io.BytesIO(data), format="RAW", subtype=subtype, samplerate=8000, channels=1
    )
    expected = np.concatenate(list(resample_blocks([waveform], RATE_HZ, 8000)))
    assert len(data) == len(found) == len(expected)
    assert snr_db(expected, found.astype(np.float32)) > 30


@pytest.mark.parametrize("rate_hz", sample_rates_hz("mp3"))
def test_every_bit_rate_of_mp3(rate_hz: int) -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(6001)).astype(np.float32)
    for waveform in (noise, np.zeros_like(noise)):
        for kbps in mp3_kbps(rate_hz):
            data = encoded(waveform, "mp3", rate_hz, kbps=kbps)
            found, _ = decoded(data)
            assert len(found) == resampled_samples(6001, RATE_HZ, rate_hz)
            # the Info frame, delay, padding and a frame's rounding come on top
            bits = 8 * len(data) / (len(found) + 3000) * rate_hz
            assert 0.6 < bits / (1000 * kbps) < 2.5


@pytest.mark.parametrize("kbps", [32, 64, 96, 128, 192])
def test_the_bit_rate_of_opus(kbps: int) -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(4 * RATE_HZ)).astype(np.float32)
    data = encoded(noise, "ogg", kbps=kbps)
    assert len(data) * 8 / 4000 == pytest.approx(kbps, rel=0.15)


def test_silence_is_silence() -> None:
    for codec in FILES:
        found, _ = decoded(encoded(np.zeros(30_000, np.float32), codec))
        assert np.abs(found).max() < 1e-4


def test_loud_samples_are_clipped() -> None:
    lossless: tuple[Codec, ...] = ("wav", "flac")
    for codec in lossless:
        found, _ = decoded(encoded(voice(0.5) * 100, codec))
        assert np.abs(found).max() <= 1


@pytest.mark.parametrize("codec", FILES)
def test_bytes_come_as_soon_as_they_are_made(codec: Codec) -> None:
    pieces = [voice(2.0)] * 10
    samples = sum(map(len, pieces))
    encoder = open_encoder(Encoding.choose(codec, RATE_HZ), samples, RATE_HZ)
    given = [len(encoder.encode(piece)) for piece in pieces]
    total = sum(given) + len(encoder.finish())
    # Opus comes in pages of a second
    behind = [total * (n + 1) / 10 - sum(given[: n + 1]) for n in range(10)]
    assert max(behind) < total / 10


def test_an_encoder_may_be_dropped_half_way() -> None:
    for codec in FILES:
        encoder = open_encoder(Encoding.choose(codec, RATE_HZ), 50_000, RATE_HZ)
        encoder.encode(voice(1.0))
        del encoder


def test_no_sample_gives_a_wav_file_without_samples() -> None:
    encoding = Encoding.choose("wav", RATE_HZ)
    assert len(decoded(b"".join(encode([], encoding, 0, RATE_HZ)))[0]) == 0
