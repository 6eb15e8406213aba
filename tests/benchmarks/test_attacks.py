import numpy as np
import pytest

from benchmarks.attacks import attacks
from tests.audio import voice

RATE_HZ = 22050
LENGTHS = {
    "2 s cut out": 2.0,
    "speed and pitch +3 %": 3.0 / 1.03,
    "tempo -10 %": 3.0 / 0.9,
    "tempo +10 %": 3.0 / 1.1,
}


@pytest.mark.parametrize("name", attacks())
def test_an_attack_gives_a_clip_of_the_expected_length(name: str) -> None:
    clip = voice(3.0)
    found = attacks()[name](clip, RATE_HZ)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    assert len(found) / RATE_HZ == pytest.approx(LENGTHS.get(name, 3.0), rel=0.03)


def test_noise_has_the_ratio_that_its_name_says() -> None:
    clip = voice(3.0)
    noise = attacks()["noise at 20 dB"](clip, RATE_HZ) - clip
    ratio = 10 * np.log10(np.square(clip).sum() / np.square(noise).sum())
    assert ratio == pytest.approx(20, abs=0.1)
