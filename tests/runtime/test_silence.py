import numpy as np
import pytest

from runtime.silence import CONTEXT_HOPS, HOLD_HOPS, silence_gain
from tests.audio import voice

HOP = 256


def _source(pattern: str) -> np.ndarray:
    levels = np.repeat([0.5 if letter == "1" else 0.0 for letter in pattern], HOP)
    return (levels * np.sin(np.arange(len(levels)))).astype(np.float32)


def test_sound_is_left_alone() -> None:
    assert silence_gain(voice(1.0)[: 80 * HOP], HOP, 0, 80).tolist() == [1.0]
    # pauses that a network's ringing fills
    assert silence_gain(_source("1" + "0" * 2 * HOLD_HOPS + "1"), HOP, 0, 10).tolist() == [1.0]


@pytest.mark.parametrize("level", [0.0, 0.99e-4])
def test_silence_is_zero(level: float) -> None:
    source = np.full(50 * HOP, level, np.float32)
    assert silence_gain(source, HOP, 0, 50).tolist() == [0.0]
    assert silence_gain(-source, HOP, 0, 50).tolist() == [0.0]


def test_ramps_lead_from_sound_to_silence() -> None:
    gain = silence_gain(_source("1" * 10 + "0" * 30 + "1" * 10), HOP, 0, 50)
    assert len(gain) == 50 * HOP
    assert np.all(gain[: (10 + HOLD_HOPS - 2) * HOP] == 1)
    assert np.all(gain[(10 + HOLD_HOPS) * HOP : (40 - HOLD_HOPS) * HOP] == 0)
    assert np.all(gain[(40 - HOLD_HOPS + 2) * HOP :] == 1)
    assert np.abs(np.diff(gain)).max() <= 1 / HOP + 1e-6
    np.testing.assert_allclose(gain, gain[::-1], atol=1e-6)


def test_a_hop_depends_on_its_surroundings_alone() -> None:
    generator = np.random.default_rng(3)
    letters = np.repeat(generator.integers(0, 2, 40), generator.integers(1, 25, 40))
    source = _source("".join(map(str, letters)))
    hops = len(letters)
    whole = np.broadcast_to(silence_gain(source, HOP, 0, hops), hops * HOP)
    for start in range(0, hops, 13):
        stop = min(hops, start + 13)
        first, last = max(0, start - CONTEXT_HOPS), min(hops, stop + CONTEXT_HOPS)
        part = silence_gain(source[first * HOP : last * HOP], HOP, start - first, stop - first)
        expected = whole[start * HOP : stop * HOP]
        np.testing.assert_allclose(np.broadcast_to(part, len(expected)), expected, atol=1e-6)
