import math

import numpy as np
import pytest

from benchmarks.signals import cosine, difference_of_peak, snr_db

SIGNAL = np.sin(np.arange(1000, dtype=np.float32))


def test_a_tenth_of_noise_is_twenty_decibels() -> None:
    assert snr_db(SIGNAL, SIGNAL * np.float32(1.1)) == pytest.approx(20.0, abs=0.01)


def test_no_noise_is_no_limit() -> None:
    assert snr_db(SIGNAL, SIGNAL) == math.inf


def test_differences_are_of_the_peak() -> None:
    other = 4 * SIGNAL
    other[7] += 1
    assert difference_of_peak(4 * SIGNAL, other) == pytest.approx(0.25, abs=1e-3)


def test_cosine_is_of_directions() -> None:
    first = np.array([1, 0], np.float32)
    assert cosine(first, 3 * first) == pytest.approx(1.0)
    assert cosine(first, np.array([0, 2], np.float32)) == pytest.approx(0.0)
