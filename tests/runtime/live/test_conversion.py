from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime import VoiceCloner, wav
from runtime.arrays import Tone, Waveform
from runtime.errors import InvalidOption
from runtime.live.conversion import LiveConversion
from runtime.resample import resample_blocks, resampled_samples, resampling_delay_seconds
from tests.audio import voice

SECOND = 22050
OPTIONS: dict[str, Any] = {"tau": 0.7, "temperature": 0.5, "seed": 11}
SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def tones(cloner: VoiceCloner) -> tuple[Tone, Tone]:
    return cloner.tone(voice(3.0)), cloner.tone(voice(3.0, pitch_hz=230, seed=5))


def _fed(live: LiveConversion, speech: Waveform, block_samples: int) -> Waveform:
    pieces = [
        live.feed(speech[start : start + block_samples])
        for start in range(0, len(speech), block_samples)
    ]
    return np.concatenate([*pieces, live.finish()])


def _differing_bits(found: Waveform, expected: Waveform) -> int:
    first, second = (
        np.frombuffer(wav.pcm16(signal), "<i2").astype(int) for signal in (found, expected)
    )
    return int(np.abs(first - second).max())


def _seam_jump(signal: Waveform, chunk_samples: int) -> tuple[float, float]:
    """Give the largest sample-to-sample jump at seams, and elsewhere."""
    jumps = np.abs(np.diff(signal))
    at_seam = (np.arange(len(jumps)) + 1) % chunk_samples == 0
    return float(jumps[at_seam].max()), float(jumps[~at_seam].max())


@pytest.mark.parametrize("rate_hz", [SECOND, 48_000])
def test_blocks_do_not_change_a_bit(
    cloner: VoiceCloner, tones: tuple[Tone, Tone], rate_hz: int
) -> None:
    speech = voice(1.3, rate_hz, seed=2)
    source, target = tones

    def converted(block_samples: int) -> Waveform:
        live = cloner.live(target, source_tone=source, sample_rate_hz=rate_hz, **OPTIONS)
        return _fed(live, speech, block_samples)

    expected = converted(100_000)
    for block_samples in (1, 7, 160, 441, 4800):
        np.testing.assert_array_equal(converted(block_samples), expected)


def test_blocks_do_not_change_a_bit_where_the_tone_is_worked_out(
    cloner: VoiceCloner, tones: tuple[Tone, Tone]
) -> None:
    speech = voice(4.0, seed=3)
    first, second = (_fed(cloner.live(tones[1], seed=1), speech, size) for size in (441, 100_000))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("samples", [1, 255, 257, 1023, 8192, 22051, 3 * SECOND + 17])
@pytest.mark.parametrize("chunk_frames", [1, 5, 32])
def test_exact_is_what_one_shot_gives(
    cloner: VoiceCloner, tones: tuple[Tone, Tone], samples: int, chunk_frames: int
) -> None:
    speech = voice(3.1, seed=2)[:samples]
    speech[samples // 3 : samples // 2] = 0
    source, target = tones
    live = cloner.live(
        target, latency="exact", source_tone=source, chunk_frames=chunk_frames, **OPTIONS
    )
    found = _fed(live, speech, 1000)
    expected = cloner.convert(speech, source, target, **OPTIONS)
    assert len(found) == samples
    assert _differing_bits(found, expected) <= 1


def test_exact_is_what_one_shot_gives_of_another_rate(
    cloner: VoiceCloner, tones: tuple[Tone, Tone]
) -> None:
    speech = voice(1.7, 44_100)
    source, target = tones
    live = cloner.live(
        target, latency="exact", source_tone=source, sample_rate_hz=44_100, **OPTIONS
    )
    resampled = np.concatenate(list(resample_blocks([speech], 44_100, SECOND)))
    expected = cloner.convert(resampled, source, target, **OPTIONS)
    assert _differing_bits(_fed(live, speech, 999), expected) <= 1


def test_less_context_is_nearly_as_good(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    measured = VoiceCloner(
        replace(
            cloner.manifest,
            look_back_frames={"exact": 5, "1e-4": 2, "1e-3": 1, "1e-2": 0},
            look_ahead_frames={"exact": 5, "1e-4": 5, "1e-3": 5, "1e-2": 5},
        ),
        cloner._encoder,
        cloner.converter,
    )
    speech = voice(3.0, seed=2)
    source, target = tones
    expected = cloner.convert(speech, source, target, **OPTIONS)
    errors = [
        np.abs(
            _fed(measured.live(target, latency=latency, source_tone=source, **OPTIONS), speech, 441)
            - expected
        ).max()
        for latency in ("exact", "balanced", "low")
    ]
    assert errors[0] <= 1e-5
    assert 1e-4 < errors[1] < errors[2]


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, SECOND, 32_000, 44_100, 48_000])
def test_what_comes_out_is_as_long_as_what_went_in(
    cloner: VoiceCloner, tones: tuple[Tone, Tone], rate_hz: int
) -> None:
    for samples in (1, rate_hz // 100 + 1, rate_hz + 1):
        live = cloner.live(tones[1], sample_rate_hz=rate_hz, source_tone=tones[0], seed=1)
        found = _fed(live, voice(1.1, rate_hz)[:samples], 997)
        assert len(found) == resampled_samples(samples, rate_hz, SECOND)


def test_nothing_fed_gives_nothing(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    live = cloner.live(tones[1])
    assert len(live.feed(np.zeros(0, np.float32))) == 0
    assert len(live.finish()) == 0
    assert len(live.finish()) == 0


@pytest.mark.parametrize("rate_hz", [SECOND, 16_000, 48_000])
@pytest.mark.parametrize("latency", ["low", "exact"])
def test_the_latency_that_is_told_is_true(
    cloner: VoiceCloner, tones: tuple[Tone, Tone], rate_hz: int, latency: Any
) -> None:
    live = cloner.live(
        tones[1], latency=latency, source_tone=tones[0], sample_rate_hz=rate_hz, seed=1
    )
    speech = voice(2.0, rate_hz)
    block_samples = rate_hz // 1000
    given = longest = 0.0
    for start in range(0, len(speech), block_samples):
        # before this block gives anything, this is how long the oldest sample has waited
        longest = max(longest, (start + block_samples) / rate_hz - given / SECOND)
        given += len(live.feed(speech[start : start + block_samples]))
    # the resampler's bursts need not meet the chunks at their worst
    slack = 0.002 + resampling_delay_seconds(rate_hz, SECOND)
    assert live.latency_seconds - slack <= longest <= live.latency_seconds + 0.001


def test_silence_stays_silent(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    speech = np.concatenate([voice(1.0), np.zeros(2 * SECOND, np.float32), voice(1.0)])
    found = _fed(cloner.live(tones[1], source_tone=tones[0], **OPTIONS), speech, 441)
    expected = cloner.convert(speech, *tones, **OPTIONS)
    assert not found[int(1.2 * SECOND) : int(2.8 * SECOND)].any()
    assert _differing_bits(found, expected) <= 1


def test_steps_are_what_feeding_is_made_of(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    speech = voice(2.0)
    live = cloner.live(tones[1], source_tone=tones[0], seed=1)
    live.push(speech)
    live.end()
    pieces = []
    while live.ready:
        pieces.append(live.step())
    assert {len(piece) for piece in pieces[:-1]} == {round(live.chunk_seconds * SECOND)}
    again = cloner.live(tones[1], source_tone=tones[0], seed=live.seed)
    np.testing.assert_array_equal(np.concatenate(pieces), _fed(again, speech, 441))


def test_memory_does_not_grow(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    live = cloner.live(tones[1], seed=1)
    speech = voice(1.0)
    held = []
    for _ in range(20):
        live.feed(speech)
        held.append(len(live._reader._buffer) + sum(map(len, live._arrived)))
    assert max(held[10:]) <= max(held[:10])


def test_a_tone_that_moves_makes_no_click(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    speech = voice(6.0, seed=4)
    live = cloner.live(tones[1], tau=1.0, temperature=0.0)
    found = _fed(live, speech, 441)
    at_seams, elsewhere = _seam_jump(found, live.window.chunk_frames * 256)
    assert at_seams <= elsewhere


@pytest.mark.parametrize("rate_hz", [7_999, 48_001, 22_050.0, True])
def test_rates_beyond_8_to_48_khz_are_refused(
    cloner: VoiceCloner, tones: tuple[Tone, Tone], rate_hz: Any
) -> None:
    with pytest.raises(InvalidOption, match="8000 to 48000"):
        cloner.live(tones[1], sample_rate_hz=rate_hz)


def test_what_is_no_audio_is_refused(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    live = cloner.live(tones[1])
    for samples in (np.full(9, np.nan, np.float32), np.zeros(9, np.int16), np.zeros((9, 2))):
        with pytest.raises(InvalidOption):
            live.feed(samples.astype(samples.dtype))
    live.finish()
    with pytest.raises(InvalidOption, match="finished"):
        live.feed(voice(0.1))


def test_options_are_checked(cloner: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    wrong: list[dict[str, Any]] = [
        {"latency": "none"},
        {"tau": 2},
        {"temperature": -1},
        {"seed": -1},
        {"chunk_frames": 0},
        {"source_tone": np.zeros(3, np.float32)},
    ]
    for options in wrong:
        with pytest.raises(InvalidOption):
            cloner.live(tones[1], **options)


@pytest.mark.slow
@pytest.mark.parametrize("latency, least_db", [("low", 30), ("balanced", 40), ("exact", None)])
def test_the_shipped_model_is_as_good_as_the_contract_says(
    model_folder: Path, latency: Any, least_db: int | None
) -> None:
    cloner = VoiceCloner.load(model_folder, provider="cpu")
    target = cloner.tone(cloner.decode((SAMPLES / "english-woman.flac").read_bytes()))
    for name in ("english-man.flac", "mandarin-woman.flac", "scottish-man.wav"):
        speech = cloner.decode((SAMPLES / name).read_bytes())[: 8 * SECOND]
        source = cloner.tone(speech)
        expected = cloner.convert(speech, source, target, tau=1.0, seed=5)
        live = cloner.live(target, latency=latency, source_tone=source, tau=1.0, seed=5)
        found = _fed(live, speech, 4800)
        at_seams, elsewhere = _seam_jump(found, live.window.chunk_frames * 256)
        assert at_seams <= elsewhere
        if least_db is None:
            assert _differing_bits(found, expected) <= 2
        else:
            error = np.sum(np.square(found - expected))
            assert 10 * np.log10(np.sum(np.square(expected)) / error) >= least_db
