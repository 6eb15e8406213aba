import numpy as np
import pytest

from runtime import VoiceCloner
from runtime.voice_activity import hop_energies, loudest_energy, margin_hops, voiced_hops, widen
from tests.audio import voice

HOP = 256


def test_energies_are_mean_squares() -> None:
    waveform = np.repeat(np.array([0.5, -0.1], np.float32), HOP)
    np.testing.assert_allclose(hop_energies(waveform, HOP), [0.25, 0.01], rtol=1e-5)


def test_a_click_is_not_the_loudest_moment() -> None:
    energies = np.full(100, 0.01, np.float32)
    energies[50] = 0.04
    assert loudest_energy(energies) == pytest.approx(0.016)
    assert loudest_energy(energies[:2]) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("mask", "hops", "expected"),
    [
        ("00100", 0, "00100"),
        ("00100", 1, "01110"),
        ("10001", 1, "11011"),
        ("00000", 3, "00000"),
        ("1", 5, "1"),
        ("0000100", 9, "1111111"),
    ],
)
def test_widening(mask: str, hops: int, expected: str) -> None:
    found = widen(np.array([letter == "1" for letter in mask]), hops)
    assert "".join("1" if one else "0" for one in found) == expected


def test_silence_is_far_below_the_loudest() -> None:
    energies = np.array([1e-2, 1e-2, 0.9e-6, 0.9e-6, 1.1e-6, 0.9e-6], np.float32)
    assert voiced_hops(energies, 1e-2, 0).tolist() == [True, True, False, False, True, False]
    assert not voiced_hops(np.full(9, 0.9e-7, np.float32), 1e-8, 3).any()


def test_the_margin_is_a_tenth_of_a_second() -> None:
    assert margin_hops(22050, 256) == 9


@pytest.mark.parametrize(
    ("waveform", "expected"),
    [
        (voice(3.0), []),
        (voice(1.0), ["short"]),
        (0.01 * voice(3.0), ["quiet"]),
        (np.clip(8 * voice(3.0), -1, 1), ["clipped"]),
        (np.pad(voice(3.0), (0, 4 * 22050)), ["mostly_silence"]),
        (np.zeros(3 * 22050, np.float32), ["short", "quiet", "mostly_silence"]),
    ],
    ids=["good", "short", "quiet", "clipped", "mostly silence", "silent"],
)
def test_warnings_name_what_hurts(
    cloner: VoiceCloner, waveform: np.ndarray, expected: list[str]
) -> None:
    assert cloner.voice_warnings(waveform.astype(np.float32)) == expected
