from pathlib import Path

import numpy as np
import pytest

from runtime.spectrogram import SpectrogramTransform
from tests.audio import voice

PARITY = [
    Path(__file__).parents[1] / "parity",
    Path(__file__).parents[3] / "shared" / "parity",
]
TRANSFORM = SpectrogramTransform(22050, 1024, 256, 11025)


@pytest.mark.parametrize("case", ["v1_case_a", "v2_case_a", "v2_case_b"])
def test_it_equals_the_original(case: str) -> None:
    paths = [path for folder in PARITY if (path := folder / f"{case}.npz").exists()]
    if not paths:
        pytest.skip("the parity cases are not here")
    with np.load(paths[0]) as arrays:
        waveform, expected = arrays["waveform"], arrays["spectrogram"][0]
    found = TRANSFORM(waveform)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_it_is_the_magnitude_of_a_direct_transform() -> None:
    waveform = voice(0.1)[: 8 * 256]
    padded = np.pad(waveform, 384, mode="reflect").astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    basis = np.exp(-2j * np.pi * np.outer(np.arange(513), np.arange(1024)) / 1024)
    frames = np.stack([padded[256 * n : 256 * n + 1024] * window for n in range(8)])
    expected = np.sqrt(np.abs(basis @ frames.T) ** 2 + 1e-6)
    np.testing.assert_allclose(TRANSFORM(waveform), expected, rtol=0, atol=1e-4)


def test_bins_above_the_bandwidth_are_at_the_floor() -> None:
    waveform = np.random.default_rng(0).standard_normal(40 * 256, np.float32)
    limited = SpectrogramTransform(22050, 1024, 256, 8000)(waveform)
    whole = TRANSFORM(waveform)
    kept = int(8000 * 1024 / 22050) + 1
    np.testing.assert_array_equal(limited[:kept], whole[:kept])
    assert np.all(limited[kept:] == np.float32(1e-3))
    assert np.all(whole[kept:].max(axis=1) > 0.1)


@pytest.mark.parametrize(
    ("samples", "frames"), [(1, 2), (512, 2), (513, 3), (768, 3), (220500, 862), (256 * 500, 500)]
)
def test_frames_cover_the_clip(samples: int, frames: int) -> None:
    assert TRANSFORM.frames(samples) == frames


def test_the_shortest_clip_can_be_reflected() -> None:
    assert TRANSFORM(np.zeros(TRANSFORM.minimum_frames * 256, np.float32)).shape == (513, 2)


@pytest.mark.parametrize("frames", [2, 127, 128, 129, 300])
def test_silence_is_the_floor(frames: int) -> None:
    found = TRANSFORM(np.zeros(frames * 256, np.float32))
    assert found.shape == (513, frames)
    assert np.all(found == np.float32(1e-3))
