from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("parselmouth", reason="needs praat-parselmouth")

from tests.training.speech_like import SAMPLE_RATE_HZ, vowel
from training.judges import (
    DnsmosJudge,
    PyannoteJudge,
    Waveform,
    WhisperJudge,
    at_judge_rate,
    log_spectral_distances,
    pitch_figures,
    round_trip,
    word_error_rate,
    word_errors,
    words_of,
)

SAMPLES = Path(__file__).parents[2] / "samples"


def needs(module: str) -> pytest.MarkDecorator:
    absent = find_spec(module) is None
    return pytest.mark.skipif(absent, reason=f"needs {module}, of the training extra")


@pytest.fixture(scope="module")
def voices() -> list[Waveform]:
    """Both halves of a woman's and of a man's clip."""
    from training.speech import Clip

    halves = []
    for name in ("english-woman.flac", "english-man.flac"):
        waveform = Clip(SAMPLES / name).read()
        halves += [waveform[: len(waveform) // 2], waveform[len(waveform) // 2 :]]
    return halves


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a c", 1),
        ("a b c", "a x c d", 2),
        ("a b", "", 2),
        ("", "a b", 2),
        ("the cat sat", "sat the cat", 2),
    ],
)
def test_words_that_were_replaced_added_or_dropped(said: str, heard: str, errors: int) -> None:
    assert word_errors(said, heard) == errors


def test_the_rate_weighs_clips_by_their_words_and_leaves_silent_ones_out() -> None:
    assert word_error_rate(["a b c d", "e", ""], ["a b c d", "f", "noise"]) == pytest.approx(0.2)
    assert np.isnan(word_error_rate([""], ["noise"]))


def test_a_transcript_loses_case_and_punctuation() -> None:
    assert words_of("Hello,  World! It's 9.") == "hello world it's"


def test_resampling_keeps_a_tone_and_the_length() -> None:
    tone = (0.5 * np.sin(np.arange(SAMPLE_RATE_HZ) * 0.2)).astype(np.float32)
    assert len(at_judge_rate(tone)) == 16000
    np.testing.assert_allclose(round_trip(tone)[200:-200], tone[200:-200], atol=1e-3)


def test_pitch_of_a_copy_agrees_and_of_another_voice_does_not(voices: list[Waveform]) -> None:
    correlation, distance = pitch_figures(voices[0], voices[0], voices[0])
    assert correlation == pytest.approx(1) and distance == pytest.approx(0)
    assert pitch_figures(voices[0], voices[0], voices[2])[1] > 2


def test_pitch_of_silence_is_unknown() -> None:
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    assert all(np.isnan(pitch_figures(silence, vowel(110.0, 1.0), silence)))


def test_spectral_distance_is_told_for_each_side_of_8_khz() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE_HZ).astype(np.float32)
    assert log_spectral_distances(noise, noise) == pytest.approx((0, 0))
    below, above = log_spectral_distances(noise * np.float32(0.5), noise)
    assert below == pytest.approx(6.02, abs=0.1) and above == pytest.approx(6.02, abs=0.1)
    spectrum = np.fft.rfft(noise)
    spectrum[round(8000 * len(noise) / SAMPLE_RATE_HZ) :] = 0
    narrow = np.fft.irfft(spectrum, len(noise)).astype(np.float32)
    below, above = log_spectral_distances(narrow, noise)
    assert below < 1 and above > 30


@pytest.mark.slow
@needs("moonshine_voice")
def test_a_voice_is_nearest_to_itself(voices: list[Waveform]) -> None:
    judge = PyannoteJudge()
    woman, woman_too, man, man_too = map(judge.embed, voices)
    assert woman @ woman_too > max(woman @ man, woman @ man_too)
    assert man @ man_too > max(man @ woman, man @ woman_too)


@pytest.mark.slow
@needs("faster_whisper")
def test_the_recogniser_reads_a_sample(voices: list[Waveform]) -> None:
    text = WhisperJudge().transcribe(np.concatenate(voices[:2]))
    said = "good morning the train to the coast leaves from platform four in eleven minutes"
    assert word_error_rate([said], [text[: len(said)]]) < 0.3


@pytest.mark.slow
@needs("speechmos")
def test_noise_lowers_the_score(voices: list[Waveform]) -> None:
    clean = np.concatenate(voices[:2])
    noise = np.random.default_rng(1).normal(0, 0.05, len(clean)).astype(np.float32)
    judge = DnsmosJudge()
    assert judge.score(clean)["ovrl"] > judge.score(clean + noise)["ovrl"] + 0.3
