from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from runtime import VoiceCloner
from runtime.arrays import Waveform
from runtime.errors import AudioTooShort, InvalidOption, SilentAudio
from runtime.sessions import Graph
from runtime.spectrogram import SpectrogramTransform
from runtime.tone import average_tones
from tests.audio import voice
from tests.runtime.graphs import RecordingGraph

SECOND = 22050


def _blocks(waveform: Waveform, size: int) -> Iterator[Waveform]:
    for start in range(0, len(waveform), size):
        yield waveform[start : start + size]


@pytest.fixture
def recording(encoder: Graph) -> RecordingGraph:
    return RecordingGraph(encoder)


@pytest.fixture
def recorded(cloner: VoiceCloner, recording: RecordingGraph, converter: Graph) -> VoiceCloner:
    return VoiceCloner(cloner.manifest, recording, converter)  # type: ignore[arg-type]


def _windows(recorded: VoiceCloner, recording: RecordingGraph, waveform: Waveform) -> list[int]:
    """Embed a voice and list the frames of each run of the encoder."""
    recording.shapes.clear()
    assert recorded.tone(waveform).shape == (256,)
    return recording.frames


def test_a_clip_without_silence_is_embedded_whole(encoder: Graph, cloner: VoiceCloner) -> None:
    waveform = voice(3.0)[: 258 * 256]
    spectrogram = SpectrogramTransform.of(cloner.manifest)(waveform)
    expected = encoder.run(spectrogram=spectrogram[None]).reshape(-1)
    found = cloner.tone(waveform)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_voices_differ(cloner: VoiceCloner) -> None:
    low, again = cloner.tone(voice(3.0, pitch_hz=100)), cloner.tone(voice(4.0, pitch_hz=100))
    high = cloner.tone(voice(3.0, pitch_hz=230, seed=9))
    assert np.linalg.norm(low - again) < 0.5 * np.linalg.norm(low - high)


def test_silence_is_left_out(
    recorded: VoiceCloner, recording: RecordingGraph, encoder: Graph, cloner: VoiceCloner
) -> None:
    speech = voice(4.0)
    halves = np.split(speech, [2 * SECOND])
    hush = np.zeros(3 * SECOND, np.float32)
    padded = np.concatenate([hush, halves[0], hush, halves[1], hush])
    frames = sum(_windows(recorded, recording, padded))
    # what stays is the speech and a tenth of a second around each half
    assert abs(frames - 4.4 * SECOND / 256) < 20
    reference = cloner.tone(speech)
    spectrogram = SpectrogramTransform.of(cloner.manifest)(padded[: len(padded) // 256 * 256])
    kept_silence = encoder.run(spectrogram=spectrogram[None]).reshape(-1)
    assert np.linalg.norm(cloner.tone(padded) - reference) < 0.2 * np.linalg.norm(
        kept_silence - reference
    )
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(padded)).astype(np.float32)
    assert sum(_windows(recorded, recording, padded + noise)) == frames


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (1024, [1024]),
        (1025, [513, 512]),
        (2047, [1024, 1023]),
        (2048, [1024, 1024]),
        (3000, [1024, 988, 988]),
        (7169, [1024] * 6 + [513, 512]),
    ],
)
def test_long_clips_are_averaged_over_windows(
    recorded: VoiceCloner,
    recording: RecordingGraph,
    cloner: VoiceCloner,
    frames: int,
    expected: list[int],
) -> None:
    waveform = voice(frames * 256 / SECOND + 0.1)[: frames * 256]
    assert _windows(recorded, recording, waveform) == expected
    assert max(expected) <= cloner.manifest.reference_frames


def test_averages_are_weighted_by_length() -> None:
    one, two = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
    found = average_tones([(one, 3.0), (two, 1.0)])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0.75, 0.25])


@pytest.mark.parametrize("samples", [1, 300, 441, 5000])
def test_short_clips_are_reflected_to_the_minimum(
    recorded: VoiceCloner, recording: RecordingGraph, samples: int
) -> None:
    assert _windows(recorded, recording, voice(1.0)[3000 : 3000 + samples]) == [24]


@pytest.mark.parametrize("size", [1000, 65536])
@pytest.mark.parametrize("seconds", [0.3, 25.0, 60.0])
def test_blocks_give_the_same_tone(cloner: VoiceCloner, seconds: float, size: int) -> None:
    waveform = np.concatenate([voice(seconds), np.zeros(SECOND, np.float32), voice(seconds)])
    extraction = cloner.tone_extraction(_blocks(waveform, size))
    np.testing.assert_array_equal(extraction.tone, cloner.tone(waveform))
    assert extraction.samples == len(waveform)


def test_each_step_runs_the_encoder_once(
    cloner: VoiceCloner, recorded: VoiceCloner, recording: RecordingGraph
) -> None:
    waveform = voice(3000 * 256 / SECOND)
    extraction = recorded.tone_extraction(waveform)
    runs = [len(recording.shapes) for _ in extraction]
    assert runs == [1, 2, 3]
    np.testing.assert_array_equal(extraction.tone, cloner.tone(waveform))
    assert len(recording.shapes) == 3


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-4])
def test_silence_is_refused_unless_allowed(cloner: VoiceCloner, level: float) -> None:
    hush = level * np.random.default_rng(0).standard_normal(40 * SECOND).astype(np.float32)
    with pytest.raises(SilentAudio):
        cloner.tone(hush)
    with pytest.raises(SilentAudio):
        next(iter(cloner.tone_extraction(hush)))
    tone = cloner.tone(hush, allow_silent=True)
    assert tone.shape == (256,)
    assert np.isfinite(tone).all()


def test_a_quiet_voice_is_a_voice(recorded: VoiceCloner, recording: RecordingGraph) -> None:
    assert sum(_windows(recorded, recording, 0.003 * voice(2.0))) > 150


def test_a_voice_after_long_silence_is_found(
    recorded: VoiceCloner, recording: RecordingGraph
) -> None:
    late = np.concatenate([np.zeros(60 * SECOND, np.float32), voice(3.0)])
    assert 240 < sum(_windows(recorded, recording, late)) < 290


def test_no_samples_are_too_short(cloner: VoiceCloner) -> None:
    with pytest.raises(AudioTooShort):
        cloner.tone(np.zeros(0, np.float32))
    with pytest.raises(AudioTooShort):
        _ = cloner.tone_extraction(iter([])).tone


def test_average_tones_checks_what_it_is_given(cloner: VoiceCloner) -> None:
    tone = cloner.tone(voice(1.0))
    np.testing.assert_array_equal(cloner.average_tones([(tone, 2.0)]), tone)
    for wrong in ([], [(tone, 0.0)], [(tone[:5], 1.0)], [(tone * np.float32("nan"), 1.0)]):
        with pytest.raises(InvalidOption):
            cloner.average_tones(wrong)


def test_the_manifest_decides_the_minimum(
    cloner: VoiceCloner, recording: RecordingGraph, converter: Graph
) -> None:
    manifest = replace(cloner.manifest, minimum_reference_frames=100)
    VoiceCloner(manifest, recording, converter).tone(voice(0.5))  # type: ignore[arg-type]
    assert recording.frames == [100]
