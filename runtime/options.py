"""Options of a conversion: their defaults, and checks of every argument that a caller passes in."""

import math

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.errors import AudioTooShort, InvalidOption
from runtime.limits import MAXIMUM_LIVE_HZ, MINIMUM_LIVE_HZ
from runtime.noise import SEEDS

DEFAULT_TAU = 0.3
DEFAULT_TEMPERATURE = 0.3


def check_share(name: str, value: float) -> float:
    """Check a number from 0 to 1.

    Raises:
        InvalidOption: The value is something else.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and 0 <= value <= 1)
    ):
        raise InvalidOption(name, value, "a number from 0 to 1 is needed")
    return float(value)


def check_seed(seed: int) -> int:
    """Check a seed: a whole number from 0 to below 2^63.

    Raises:
        InvalidOption: The seed is something else.
    """
    if not _is_whole(seed) or not 0 <= seed < SEEDS:
        raise InvalidOption("seed", seed, "a whole number from 0 to below 2^63 is needed")
    return seed


def check_count(name: str, count: int | None) -> int | None:
    """Check a count that may be left out: a whole number from 1 up, or None.

    Raises:
        InvalidOption: The count is something else.
    """
    if count is not None and (not _is_whole(count) or count < 1):
        raise InvalidOption(name, count, "a whole number from 1 up is needed")
    return count


def check_live_rate(sample_rate_hz: int) -> int:
    """Check the sample rate of speech to convert while it is spoken.

    Raises:
        InvalidOption: The rate is no whole number within the limits.
    """
    if not _is_whole(sample_rate_hz) or not MINIMUM_LIVE_HZ <= sample_rate_hz <= MAXIMUM_LIVE_HZ:
        raise InvalidOption(
            "sample_rate",
            sample_rate_hz,
            f"a whole number from {MINIMUM_LIVE_HZ} to {MAXIMUM_LIVE_HZ} is needed",
        )
    return sample_rate_hz


def check_waveform(waveform: Waveform) -> Waveform:
    """Check a waveform: float32, [samples], finite and not empty.

    Raises:
        InvalidOption: The waveform is something else.
        AudioTooShort: The waveform has no samples.
    """
    shape = getattr(waveform, "shape", None)
    if getattr(waveform, "dtype", None) != np.float32 or shape is None or len(shape) != 1:
        raise InvalidOption("waveform", shape, "a float32 array [samples] is needed")
    if not len(waveform):
        raise AudioTooShort(0.0, 0.0)
    if not np.isfinite(waveform).all():
        raise InvalidOption("waveform", shape, "its samples are not all finite numbers")
    return waveform


def check_tone(name: str, tone: Tone, dimension: int) -> Tone:
    """Check a tone embedding: float32, [tone_dimension] and finite.

    Raises:
        InvalidOption: The embedding is something else.
    """
    shape = getattr(tone, "shape", None)
    if getattr(tone, "dtype", None) != np.float32 or shape != (dimension,):
        raise InvalidOption(name, shape, f"a float32 array [{dimension}] is needed")
    if not np.isfinite(tone).all():
        raise InvalidOption(name, shape, "its numbers are not all finite")
    return tone


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
