import numpy as np

from runtime import VoiceCloner
from runtime.arrays import Tone, Waveform
from runtime.frames import FrameReader
from runtime.live.source_tone import GLIDE_SECONDS, EnrolledTone, RunningTone
from tests.audio import voice

HOP = 256
CHUNK_FRAMES = 8


def _tones(running: RunningTone, cloner: VoiceCloner, speech: Waveform) -> list[Tone]:
    """Give the tone of each step through a speech."""
    reader = FrameReader([speech], cloner._transform)
    # what lies beyond is reflected at the end, where no step ends
    stops = range(CHUNK_FRAMES, len(speech) // HOP - 2, CHUNK_FRAMES)
    return [running.at(reader, stop, CHUNK_FRAMES).copy() for stop in stops]


def _initial(cloner: VoiceCloner) -> Tone:
    return np.zeros(cloner.manifest.tone_dimension, np.float32)


def test_an_enrolled_tone_stays(cloner: VoiceCloner) -> None:
    tone = cloner.tone(voice(2.0))
    reader = FrameReader([voice(1.0)], cloner._transform)
    assert EnrolledTone(tone).at(reader, 8, 8) is tone


def test_a_running_tone_settles_on_the_voice(cloner: VoiceCloner) -> None:
    speech = voice(12.0)
    running = RunningTone(cloner._encoder, cloner.manifest, _initial(cloner))
    tones = _tones(running, cloner, speech)
    assert running.settled
    np.testing.assert_array_equal(tones[-1], tones[-50])
    expected = cloner.tone(speech)
    assert np.linalg.norm(tones[-1] - expected) < 0.05 * np.linalg.norm(expected)
    assert running._spectrogram.shape[1] == 0


def test_it_glides_from_estimate_to_estimate(cloner: VoiceCloner) -> None:
    speech = np.concatenate([voice(0.5), voice(9.0, pitch_hz=240, seed=8)])
    running = RunningTone(cloner._encoder, cloner.manifest, _initial(cloner))
    tones = np.stack(_tones(running, cloner, speech))
    first = int(np.argmax(tones.any(axis=1)))
    moves = np.linalg.norm(np.diff(tones[first:], axis=0), axis=1)
    whole = float(np.linalg.norm(tones[-1] - tones[first]))
    assert whole > 0
    steps = GLIDE_SECONDS * cloner.sample_rate_hz / HOP / CHUNK_FRAMES
    assert moves.max() < 2.5 * whole / steps


def test_nothing_is_estimated_from_silence_and_noise(cloner: VoiceCloner) -> None:
    hum = 1e-3 * np.random.default_rng(0).standard_normal(20 * 22050).astype(np.float32)
    running = RunningTone(cloner._encoder, cloner.manifest, _initial(cloner))
    tones = _tones(running, cloner, hum)
    assert not np.stack(tones).any()
    # and what is held of it does not grow
    assert running._spectrogram.shape[1] < 100


def test_noise_before_a_voice_is_forgotten(cloner: VoiceCloner) -> None:
    hum = 1e-3 * np.random.default_rng(0).standard_normal(8 * 22050).astype(np.float32)
    speech = voice(8.0)
    running = RunningTone(cloner._encoder, cloner.manifest, _initial(cloner))
    tones = _tones(running, cloner, np.concatenate([hum, speech]))
    expected = cloner.tone(speech)
    assert np.linalg.norm(tones[-1] - expected) < 0.1 * np.linalg.norm(expected)


def test_the_first_estimate_is_there_at_once(cloner: VoiceCloner) -> None:
    running = RunningTone(cloner._encoder, cloner.manifest, _initial(cloner))
    tones = _tones(running, cloner, voice(0.5))
    assert np.flatnonzero(np.stack(tones).any(axis=1))[0] <= 2
