import numpy as np
import pytest

from tests.training.speech_like import SAMPLE_RATE_HZ, vowel
from training.degrade import CONDITIONS, by_telephone, in_room, made_hard, with_noise


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.__name__)
def test_a_condition_keeps_the_length_and_changes_the_speech(condition) -> None:  # type: ignore[no-untyped-def]
    clean = vowel(120.0, 1.01)
    changed = condition(clean, np.random.default_rng(1))
    assert changed.shape == clean.shape and changed.dtype == np.float32
    assert np.sqrt(np.mean((changed - clean) ** 2)) > 0.01 * np.sqrt(np.mean(clean**2))
    assert np.corrcoef(changed, clean)[0, 1] > 0.3


def test_the_same_index_and_seed_give_the_same_samples_and_others_do_not() -> None:
    clean = vowel(120.0, 1.0)
    first = made_hard(clean, 0, 3)
    np.testing.assert_array_equal(first, made_hard(clean, 0, 3))
    assert not np.array_equal(first, made_hard(clean, 0, 4))
    assert not np.array_equal(first, made_hard(clean, len(CONDITIONS), 3))
    assert np.abs(first).max() <= 1


def test_noise_lies_within_its_bounds() -> None:
    clean = vowel(120.0, 1.0)
    for seed in range(20):
        noise = with_noise(clean, np.random.default_rng(seed)) - clean
        ratio_db = 10 * np.log10(np.mean(clean**2) / np.mean(noise**2))
        assert 5 <= ratio_db <= 20


def test_a_telephone_passes_its_band_alone() -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, SAMPLE_RATE_HZ).astype(np.float32)
    power = np.abs(np.fft.rfft(by_telephone(noise, np.random.default_rng(1)))) ** 2
    band = power[400:3200].mean()
    assert power[4500:].mean() < 1e-3 * band and power[:100].mean() < 1e-2 * band


def test_a_room_goes_on_after_the_sound() -> None:
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[1000] = 1.0
    heard = in_room(click, np.random.default_rng(1))
    assert heard[1000] == pytest.approx(1, abs=0.2)
    assert 0 < np.abs(heard[5000:6000]).max() < np.abs(heard[1001:2000]).max()
