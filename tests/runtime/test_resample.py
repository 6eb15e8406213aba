from collections.abc import Iterator

import numpy as np
import pytest
import soxr

from runtime.arrays import Waveform
from runtime.resample import (
    QUALITY,
    StreamResampler,
    resample_blocks,
    resampled_samples,
    resampling_delay_seconds,
)
from tests.audio import voice

RATES = [4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000, 384000, 22051]


def _blocks(waveform: Waveform, size: int) -> Iterator[Waveform]:
    for start in range(0, len(waveform), size):
        yield waveform[start : start + size]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 3, 100, 4001, 70_000])
def test_the_length_is_exact(rate: int, samples: int) -> None:
    waveform = voice(samples / rate + 0.01, rate)[:samples]
    joined = np.concatenate(list(resample_blocks(_blocks(waveform, 3000), rate, 22050)))
    assert joined.dtype == np.float32
    assert len(joined) == max(1, round(samples / rate * 22050))
    assert len(joined) == resampled_samples(samples, rate, 22050)


@pytest.mark.parametrize("rate", RATES)
def test_blocks_give_what_the_whole_gives(rate: int) -> None:
    waveform = voice(1.5, rate)
    expected = soxr.resample(waveform, rate, 22050, QUALITY)
    for size in (777, 65536):
        joined = np.concatenate(list(resample_blocks(_blocks(waveform, size), rate, 22050)))
        shared = min(len(joined), len(expected))
        np.testing.assert_allclose(joined[:shared], expected[:shared], rtol=0, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 96000])
def test_a_tone_keeps_its_place_and_level(rate: int) -> None:
    def tone(rate: int) -> Waveform:
        return (0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.float32)

    joined = np.concatenate(list(resample_blocks([tone(rate)], rate, 22050)))
    middle = slice(2000, 20000)
    np.testing.assert_allclose(joined[middle], tone(22050)[middle], rtol=0, atol=1e-3)


def test_what_cannot_be_kept_is_removed() -> None:
    time = np.arange(48000) / 48000
    high = np.sin(2 * np.pi * 15000 * time).astype(np.float32)
    joined = np.concatenate(list(resample_blocks([high], 48000, 22050)))
    assert np.abs(joined[1000:-1000]).max() < 1e-3


def test_the_same_rate_passes_through() -> None:
    waveform = voice(0.1)
    assert next(resample_blocks([waveform], 22050, 22050)) is waveform


def test_nothing_stays_nothing() -> None:
    assert resampled_samples(0, 44100, 22050) == 0
    assert list(resample_blocks([], 44100, 22050)) == []


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_the_delay_is_how_far_the_output_falls_behind(rate_hz: int) -> None:
    delay_seconds = resampling_delay_seconds(rate_hz, 22_050)
    assert (delay_seconds == 0) == (rate_hz == 22_050)
    resampler = StreamResampler(rate_hz, 22_050)
    given = 0
    behind = []
    for taken in range(160, 3 * rate_hz, 160):
        given += len(resampler.push(np.zeros(160, np.float32)))
        behind.append(taken / rate_hz - given / 22_050)
    assert 0.8 * delay_seconds <= max(behind) + 160 / rate_hz
    assert max(behind) <= delay_seconds + 160 / rate_hz
