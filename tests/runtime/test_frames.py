import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from runtime.arrays import Waveform
from runtime.frames import FrameReader
from runtime.spectrogram import SpectrogramTransform
from tests.audio import voice

TRANSFORM = SpectrogramTransform(22050, 1024, 256, 11025)


def _blocks(waveform: Waveform, size: int) -> Iterator[Waveform]:
    for start in range(0, len(waveform), size):
        yield waveform[start : start + size]


def _whole(waveform: Waveform) -> Waveform:
    frames = TRANSFORM.frames(len(waveform))
    return np.pad(waveform, (0, frames * 256 - len(waveform)))


@pytest.mark.parametrize("samples", [1, 300, 512, 5000, 25600, 25601, 25855])
@pytest.mark.parametrize("size", [1, 999, 100_000])
def test_parts_equal_the_whole(samples: int, size: int) -> None:
    waveform = voice(2.0)[:samples]
    expected = TRANSFORM(_whole(waveform))
    reader = FrameReader(_blocks(waveform, size), TRANSFORM)
    parts = []
    start = 0
    while (stop := reader.available(start + 7)) > start:
        reader.forget(start)
        np.testing.assert_array_equal(
            reader.samples(start, stop), _whole(waveform)[start * 256 : stop * 256]
        )
        parts.append(reader.spectrogram(start, stop))
        start = stop
    assert reader.fetched_samples == samples
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), expected)


def test_an_empty_clip_has_no_frames() -> None:
    reader = FrameReader([], TRANSFORM)
    assert reader.available(10) == 0


def test_forgotten_samples_are_freed() -> None:
    waveform = voice(60.0)
    reader = FrameReader(_blocks(waveform, 1000), TRANSFORM)
    tracemalloc.start()
    try:
        for frame in range(0, 5000, 20):
            reader.forget(frame)
            reader.spectrogram(frame, frame + 20)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.fetched_samples > 5000 * 256
    assert peak_bytes < waveform.nbytes / 5


def test_a_waveform_in_memory_is_not_copied_or_changed() -> None:
    waveform = voice(1.0)
    kept = waveform.copy()
    reader = FrameReader([waveform], TRANSFORM)
    reader.spectrogram(0, 20)
    assert np.shares_memory(reader.samples(0, 20), waveform)
    np.testing.assert_array_equal(waveform, kept)
