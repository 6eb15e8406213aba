import numpy as np
import pytest

pytest.importorskip("parselmouth", reason="needs praat-parselmouth")

from tests.training.speech_like import SAMPLE_RATE_HZ, vowel
from training.channel import equalise, noisy
from training.perturb import another_voice
from training.pitch import pitch_hz


def envelope(waveform: np.ndarray) -> np.ndarray:
    power = np.convolve(waveform**2, np.ones(441) / 441, "same")[::220]
    return np.log(power + 1e-6)


def test_another_voice_has_another_pitch_at_the_same_moments() -> None:
    waveform = vowel(120.0, 3.0)
    changed = another_voice(waveform, 120.0, np.random.default_rng(4))
    assert changed.shape == waveform.shape
    pitch = pitch_hz(changed)
    assert abs(np.median(pitch[pitch > 0]) / 120.0 - 1) > 0.1
    middle = slice(20, -20)
    shifts = range(-6, 7)
    likeness = [
        np.corrcoef(envelope(waveform)[middle], np.roll(envelope(changed), shift)[middle])[0, 1]
        for shift in shifts
    ]
    assert abs(shifts[int(np.argmax(likeness))]) <= 1
    assert max(likeness) > 0.8


def test_another_voice_keeps_the_level() -> None:
    waveform = vowel(200.0, 2.0)
    changed = another_voice(waveform, 200.0, np.random.default_rng(5))
    assert np.sqrt(np.mean(changed**2)) == pytest.approx(np.sqrt(np.mean(waveform**2)), rel=0.05)


def test_equalise_moves_colour_but_neither_level_nor_time() -> None:
    waveform = vowel(150.0, 1.0)
    shaped = equalise(waveform, np.random.default_rng(6), 6.0)
    assert np.sqrt(np.mean(shaped**2)) == pytest.approx(np.sqrt(np.mean(waveform**2)), rel=1e-3)
    before, after = (np.abs(np.fft.rfft(w)) for w in (waveform, shaped))
    strong = before > before.max() / 100
    assert np.ptp(20 * np.log10(after[strong] / before[strong])) > 3
    assert np.argmax(np.correlate(shaped, waveform, "full")) == len(waveform) - 1


def test_noise_has_the_level_that_was_asked_for_and_leaves_the_speech() -> None:
    waveform = vowel(150.0, 2.0)
    for seed in range(5):
        noise = noisy(waveform, np.random.default_rng(seed), 12.0, 20.0) - waveform
        ratio_db = 10 * np.log10(np.mean(waveform**2) / np.mean(noise**2))
        assert 11.9 < ratio_db < 20.1


def test_pitch_of_a_vowel() -> None:
    pitch = pitch_hz(vowel(180.0, 1.0))
    assert np.median(pitch[pitch > 0]) == pytest.approx(180.0, rel=0.01)
    assert len(pitch) == pytest.approx(100, abs=6)
    silent = pitch_hz(np.zeros(SAMPLE_RATE_HZ, np.float32))
    assert not silent.any()
