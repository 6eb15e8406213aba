from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runtime import VoiceCloner, wav
from runtime.arrays import Waveform
from runtime.conversion import Conversion
from runtime.errors import AudioTooShort, InvalidBundle, InvalidOption
from runtime.sessions import Graph
from tests.audio import voice
from tests.runtime.graphs import RecordingGraph

SECOND = 22050


@pytest.fixture(scope="module")
def tones(cloner: VoiceCloner) -> tuple[Waveform, Waveform]:
    return cloner.tone(voice(3.0)), cloner.tone(voice(3.0, pitch_hz=230, seed=5))


def _blocks(waveform: Waveform, size: int) -> Iterator[Waveform]:
    for start in range(0, len(waveform), size):
        yield waveform[start : start + size]


def _speech(seconds: float) -> Waveform:
    """Speech with a second of digital silence in it."""
    speech = voice(seconds, seed=2)
    third = len(speech) // 3
    speech[third : third + min(SECOND, third)] = 0
    return speech


def _joined(conversion: Conversion) -> Waveform:
    pieces = list(conversion)
    assert len(pieces) == conversion.pieces
    return np.concatenate(pieces)


def _one_shot(cloner: VoiceCloner, speech: Waveform, tones: Any, **options: Any) -> Waveform:
    source, target = tones
    conversion = cloner.conversion(speech, source, target, window_frames=10**6, **options)
    assert conversion.windows == conversion.pieces == 1
    return _joined(conversion)


@pytest.mark.parametrize("seconds", [0.02, 1.0, 9.9, 10.1, 61.3])
@pytest.mark.parametrize("cut", [{}, {"window_frames": 61}, {"window_frames": 1}])
def test_windows_do_not_change_the_result(
    cloner: VoiceCloner, tones: Any, seconds: float, cut: dict[str, Any]
) -> None:
    if cut == {"window_frames": 1} and seconds > 1:
        cut = {"window_frames": 37}
    speech = _speech(seconds)
    options: dict[str, Any] = {"tau": 0.7, "temperature": 0.5, "seed": 11}
    expected = _one_shot(cloner, speech, tones, **options)
    source, target = tones
    found = _joined(cloner.conversion(speech, source, target, **options, **cut))
    assert len(found) == len(expected) == len(speech)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    difference = np.frombuffer(wav.pcm16(found), "<i2").astype(int) - np.frombuffer(
        wav.pcm16(expected), "<i2"
    )
    assert np.abs(difference).max() <= 1


def test_too_little_context_would_change_it(
    cloner: VoiceCloner, encoder: Graph, converter: Graph, tones: Any
) -> None:
    # what the test above rests on: the tiny graph's output does depend on all of its context
    speech = voice(5.0)
    expected = _one_shot(cloner, speech, tones, seed=1)
    short = VoiceCloner(replace(cloner.manifest, context_frames=4), encoder, converter)
    found = _joined(short.conversion(speech, *tones, seed=1))
    assert np.abs(found - expected).max() > 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("seconds", [0.02, 0.5, 1.0, 9.9, 61.3])
@pytest.mark.parametrize("window_frames", [None, 135])
def test_buckets_and_batches_do_not_change_the_result(
    cloner: VoiceCloner,
    encoder: Graph,
    converter: Graph,
    tones: Any,
    seconds: float,
    window_frames: int | None,
) -> None:
    speech = _speech(seconds)
    expected = _one_shot(cloner, speech, tones, tau=1.0, seed=3)
    recording = RecordingGraph(converter, on_cuda=True)
    batched = VoiceCloner(cloner.manifest, encoder, recording)  # type: ignore[arg-type]
    conversion = batched.conversion(
        _blocks(speech, 4096),
        *tones,
        tau=1.0,
        seed=3,
        window_frames=window_frames,
        samples=len(speech),
    )
    found = _joined(conversion)
    assert len(found) == len(speech)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert (max(batch for batch, _ in recording.shapes) > 1) == (seconds > 5)


@pytest.mark.parametrize("size", [100, 65536])
def test_a_source_in_blocks_gives_the_same(cloner: VoiceCloner, tones: Any, size: int) -> None:
    speech = _speech(12.0)
    expected = _joined(cloner.conversion(speech, *tones, seed=4))
    conversion = cloner.conversion(_blocks(speech, size), *tones, seed=4, samples=len(speech))
    np.testing.assert_array_equal(_joined(conversion), expected)


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 441, 511, 512, 513, 22049, 22050, 22051])
def test_the_result_is_as_long_as_the_source(cloner: VoiceCloner, tones: Any, samples: int) -> None:
    found = cloner.convert(voice(1.1)[:samples], *tones)
    assert found.dtype == np.float32
    assert len(found) == samples


def test_silence_gives_silence(cloner: VoiceCloner, tones: Any) -> None:
    for level in (0.0, 5e-5):
        hush = np.full(3 * SECOND, level, np.float32)
        assert not cloner.convert(hush, *tones, temperature=1.0).any()
    speech = np.concatenate([voice(1.0), np.zeros(2 * SECOND, np.float32), voice(1.0)])
    found = cloner.convert(speech, *tones)
    assert not found[int(1.2 * SECOND) : int(2.8 * SECOND)].any()
    assert np.abs(found[:SECOND]).max() > 0.1
    assert np.abs(found[-SECOND:]).max() > 0.1


def test_silent_windows_are_not_computed(
    cloner: VoiceCloner, encoder: Graph, converter: Graph, tones: Any
) -> None:
    recording = RecordingGraph(converter)
    counted = VoiceCloner(cloner.manifest, encoder, recording)  # type: ignore[arg-type]
    frames = 4 * cloner.manifest.window_frames
    half_silent = np.zeros(frames * 256, np.float32)
    half_silent[: frames * 128] = voice(frames * 128 / SECOND + 1)[: frames * 128]
    conversion = counted.conversion(half_silent, *tones)
    assert len(_joined(conversion)) == len(half_silent)
    # the third window still rings from the second, the fourth is silent
    assert (len(recording.shapes), conversion.pieces) == (3, 4)
    recording.shapes.clear()
    assert not counted.convert(np.zeros(frames * 256, np.float32), *tones).any()
    assert recording.shapes == []


def test_seeds_repeat_and_zero_temperature_needs_none(cloner: VoiceCloner, tones: Any) -> None:
    speech = voice(2.0)
    first = cloner.convert(speech, *tones, seed=1)
    np.testing.assert_array_equal(first, cloner.convert(speech, *tones, seed=1))
    assert np.abs(first - cloner.convert(speech, *tones, seed=2)).max() > 1e-3
    assert np.abs(first - cloner.convert(speech, *tones)).max() > 1e-3
    still = cloner.convert(speech, *tones, temperature=0.0)
    np.testing.assert_array_equal(still, cloner.convert(speech, *tones, temperature=0.0, seed=9))


def test_a_conversion_says_its_seed_and_repeats(cloner: VoiceCloner, tones: Any) -> None:
    speech = voice(6.0)
    conversion = cloner.conversion(speech, *tones)
    first = _joined(conversion)
    np.testing.assert_array_equal(first, _joined(conversion))
    again = cloner.conversion(speech, *tones, seed=conversion.seed)
    np.testing.assert_array_equal(first, _joined(again))


def test_tau_goes_from_the_source_to_the_target(cloner: VoiceCloner, tones: Any) -> None:
    speech = voice(2.0)
    source, target = tones
    own = cloner.convert(speech, source, source, seed=1)
    np.testing.assert_array_equal(cloner.convert(speech, source, target, tau=0.0, seed=1), own)
    distances = [
        float(np.linalg.norm(cloner.convert(speech, source, target, tau=tau, seed=1) - own))
        for tau in (0.0, 0.2, 0.5, 1.0)
    ]
    assert distances == sorted(distances)
    assert distances[1] > 0
    # half way on the curve, not half way on tau
    half = cloner.convert(
        speech, source, source + np.float32(0.6) * (target - source), tau=1, seed=1
    )
    np.testing.assert_allclose(
        cloner.convert(speech, source, target, tau=0.5, seed=1), half, atol=1e-5
    )


def test_nothing_passed_in_is_changed(cloner: VoiceCloner, tones: Any) -> None:
    speech = _speech(2.0)
    kept = [array.copy() for array in (speech, *tones)]
    for array in (speech, *tones):
        array.flags.writeable = False
    cloner.convert(speech, *tones)
    cloner.tone(speech)
    for array, before in zip((speech, *tones), kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize(
    "options",
    [
        {"tau": float("nan")},
        {"tau": float("inf")},
        {"tau": -0.1},
        {"tau": 1.1},
        {"tau": "0.3"},
        {"tau": True},
        {"temperature": 2},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": 1.0},
        {"seed": True},
        {"window_frames": 0},
        {"window_frames": -4},
    ],
)
def test_wrong_options_are_refused(
    cloner: VoiceCloner, tones: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOption) as caught:
        cloner.conversion(voice(0.1), *tones, **options)
    assert caught.value.facts["name"] == next(iter(options))


def test_wrong_arrays_are_refused(cloner: VoiceCloner, tones: Any) -> None:
    speech = voice(0.1)
    with pytest.raises(AudioTooShort):
        cloner.conversion(speech[:0], *tones)
    for wrong in (speech.astype(np.float64), speech[None], speech * np.float32("nan")):
        with pytest.raises(InvalidOption, match="waveform"):
            cloner.conversion(wrong, *tones)
    with pytest.raises(InvalidOption, match="source_tone"):
        cloner.conversion(speech, tones[0][:100], tones[1])
    with pytest.raises(InvalidOption, match="target_tone"):
        cloner.conversion(speech, tones[0], tones[1] * np.float32("inf"))
    with pytest.raises(InvalidOption, match="samples"):
        cloner.conversion(iter([speech]), *tones)


@pytest.mark.parametrize(
    ("factor", "length", "reason"), [(1.0, 255, "gave audio of shape"), (np.nan, 256, "not finite")]
)
def test_a_graph_that_gives_nonsense_is_named(
    cloner: VoiceCloner,
    encoder: Graph,
    converter: Graph,
    tones: Any,
    factor: float,
    length: int,
    reason: str,
) -> None:
    class Nonsense:
        interface = converter.interface
        providers = ("CPUExecutionProvider",)
        on_cuda = False

        def run_all(self, **inputs: Any) -> Any:
            frames = inputs["spectrogram"].shape[2]
            return {"audio": np.full((1, 1, frames * length), factor, np.float32)}

    broken = VoiceCloner(cloner.manifest, encoder, Nonsense())  # type: ignore[arg-type]
    with pytest.raises(InvalidBundle, match=reason):
        broken.convert(voice(1.0), *tones)
