from pathlib import Path

import numpy as np
import pytest

from runtime.decode import decode_audio
from runtime.marking.evidence import WINDOW_FRAMES, Evidence
from runtime.marking.reader import PRESENT, WINDOW_SECONDS, WatermarkReader
from runtime.marking.writer import WatermarkWriter
from runtime.resample import resample_blocks
from tests.audio import audio_file

SAMPLES = Path(__file__).parents[3] / "samples"
CLIPS = ("english-woman.flac", "mandarin-man.flac", "scottish-man.wav")


def speech(name: str, seconds: float | None = None) -> np.ndarray:
    clip = decode_audio((SAMPLES / name).read_bytes(), 22050)
    return clip if seconds is None else clip[: round(seconds * 22050)]


def reduced(clip: np.ndarray, reader: WatermarkReader) -> np.ndarray:
    return np.concatenate(list(resample_blocks([clip], 22050, reader.sample_rate_hz)))


@pytest.mark.parametrize("name", CLIPS)
def test_marked_speech_is_read_and_other_speech_is_not(
    writer: WatermarkWriter, reader: WatermarkReader, name: str
) -> None:
    clip = speech(name)
    found = reader.read(reduced(writer.mark(clip), reader))
    assert found.present and found.confidence > 0.95
    assert found.seconds == pytest.approx(len(clip) / 22050, abs=0.02)
    other = reader.read(reduced(clip, reader))
    assert not other.present and other.confidence < 0.4 and other.stretches == ()


@pytest.mark.parametrize(
    ("format", "subtype", "rate_hz"),
    [("MP3", "MPEG_LAYER_III", 22050), ("OGG", "OPUS", 24000), ("WAV", "PCM_16", 8000)],
)
def test_a_mark_survives_codecs_and_a_low_rate(
    writer: WatermarkWriter, reader: WatermarkReader, format: str, subtype: str, rate_hz: int
) -> None:
    marked = writer.mark(speech(CLIPS[0]))
    sent = np.concatenate(list(resample_blocks([marked], 22050, rate_hz)))
    data = audio_file(0.1 * sent, rate_hz, format=format, subtype=subtype)
    assert reader.read(decode_audio(data, reader.sample_rate_hz)).present


def test_a_short_clip_is_judged_whole(writer: WatermarkWriter, reader: WatermarkReader) -> None:
    marked = writer.mark(speech(CLIPS[0]))[30_000:74_100]
    found = reader.read(reduced(marked, reader))
    assert found.confidence >= PRESENT
    (stretch,) = found.stretches
    assert (stretch.start_seconds, stretch.stop_seconds) == (0.0, found.seconds)


def test_a_marked_sentence_is_found_in_a_long_recording(
    writer: WatermarkWriter, reader: WatermarkReader
) -> None:
    minute = speech("english-woman-minute.mp3")
    marked = speech(CLIPS[0], 6.0)
    begin, end = 20.0, 26.0
    clip = np.concatenate([minute[: 20 * 22050], writer.mark(marked), minute[20 * 22050 :]])
    found = reader.read(reduced(clip, reader))
    (stretch,) = found.stretches
    assert found.present and stretch.confidence > 0.95
    assert abs(stretch.start_seconds - begin) < WINDOW_SECONDS / 2
    assert abs(stretch.stop_seconds - end) < WINDOW_SECONDS / 2


@pytest.mark.parametrize("block", [997, 100_000])
def test_how_a_clip_is_cut_changes_nothing(reader: WatermarkReader, block: int) -> None:
    clip = reduced(speech("english-woman-minute.mp3"), reader)
    assert len(list(reader.windows(clip))) > 1 and len(clip) > WINDOW_FRAMES * 50
    whole = Evidence.joined(list(reader.windows(clip)))
    blocks = (clip[at : at + block] for at in range(0, len(clip), block))
    found = Evidence.joined(list(reader.windows(blocks)))
    for name in ("weight", "evidence", "level"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(whole, name), rtol=0, atol=2e-3, err_msg=name
        )


@pytest.mark.parametrize("samples", [0, 1, 49, 160, 4999])
def test_silence_and_the_shortest_clips_are_not_marked(
    reader: WatermarkReader, samples: int
) -> None:
    found = reader.read(np.zeros(samples, np.float32))
    assert not found.present and found.confidence < PRESENT


def test_noise_is_not_marked(reader: WatermarkReader) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(60_000).astype(np.float32)
    assert not reader.read(noise).present
