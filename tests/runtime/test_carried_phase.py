from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime import VoiceCloner, wav
from runtime.arrays import Tone, Waveform
from runtime.bundle import Bundle
from runtime.carried_phase import CarriedPhase
from runtime.errors import InvalidBundle
from runtime.interface import tone_converter_interface
from runtime.live.window import Latency
from runtime.sessions import Graph, open_graph
from runtime.windows import Window
from tests.audio import voice
from tests.bundles import make_bundle
from tests.runtime.conftest import SETTINGS
from tests.runtime.graphs import RecordingGraph

SECOND, PITCH_HZ = 22050, 150
OPTIONS: dict[str, Any] = {"tau": 0.7, "temperature": 0.5, "seed": 11}
NOTHING_SILENT = np.zeros(4, bool)


@pytest.fixture(scope="module")
def carrying(tmp_path_factory: pytest.TempPathFactory) -> VoiceCloner:
    folder = make_bundle(tmp_path_factory.mktemp("models") / "carrying", carries_phase=True)
    return VoiceCloner.load(folder, provider="cpu", threads=1)


@pytest.fixture(scope="module")
def tones(carrying: VoiceCloner) -> tuple[Tone, Tone]:
    return carrying.tone(voice(3.0)), carrying.tone(voice(3.0, pitch_hz=230, seed=5))


def _speech(seconds: float) -> Waveform:
    """Speech with digital silence in it, after which it fades in."""
    speech = voice(seconds, seed=2)
    third = len(speech) // 3
    speech[third : third + min(2 * SECOND, third)] = 0
    return speech


def _apart(found: Waveform, expected: Waveform) -> int:
    assert len(found) == len(expected)
    first, second = (np.frombuffer(wav.pcm16(one), "<i2").astype(int) for one in (found, expected))
    return int(np.abs(first - second).max())


def test_a_window_knows_the_phases_of_the_one_before() -> None:
    carried = CarriedPhase()
    first = Window(0, 4, 0, 6)
    assert carried.known(first, NOTHING_SILENT).tolist() == [-1] * 6
    carried.keep(first, np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], np.float32))
    known = carried.known(Window(4, 8, 1, 9), NOTHING_SILENT)
    np.testing.assert_allclose(known, [0.2, 0.3, 0.4, -1, -1, -1, -1, -1], rtol=1e-6)


def test_silence_starts_the_phase_anew() -> None:
    carried = CarriedPhase()
    carried.keep(Window(0, 4, 0, 4), np.array([0.1, 0.2, 0.3, 0.4], np.float32))
    # frames 4 and 5 were silent, and their window was skipped
    known = carried.known(Window(6, 10, 3, 10), np.array([True, False, False, True]))
    np.testing.assert_allclose(known, [0.4, 0, 0, 0, -1, -1, 0], rtol=1e-6)


@pytest.mark.parametrize("window_frames", [1, 37, 200, 500])
def test_windows_do_not_change_the_result(
    carrying: VoiceCloner, tones: tuple[Tone, Tone], window_frames: int
) -> None:
    speech = _speech(1.0 if window_frames == 1 else 14.0)
    one_shot = carrying.conversion(speech, *tones, window_frames=10**6, **OPTIONS).joined()
    conversion = carrying.conversion(speech, *tones, window_frames=window_frames, **OPTIONS)
    found = conversion.joined()
    assert _apart(found, one_shot) <= 1
    np.testing.assert_array_equal(conversion.joined(), found)


def test_a_phase_that_is_not_carried_would_change_it(
    carrying: VoiceCloner, tones: tuple[Tone, Tone], monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = _speech(14.0)
    expected = carrying.conversion(speech, *tones, window_frames=10**6, **OPTIONS).joined()
    monkeypatch.setattr(CarriedPhase, "keep", lambda *arguments: None)
    assert _apart(carrying.convert(speech, *tones, **OPTIONS), expected) > 1000


@pytest.mark.parametrize("chunk_frames", [1, 7, 32])
def test_a_live_conversion_carries_it_too(
    carrying: VoiceCloner, tones: tuple[Tone, Tone], chunk_frames: int
) -> None:
    speech = _speech(5.0)
    source, target = tones
    live = carrying.live(target, source_tone=source, chunk_frames=chunk_frames, **OPTIONS)
    found = np.concatenate([live.feed(speech), live.finish()])
    assert _apart(found, carrying.convert(speech, source, target, **OPTIONS)) <= 1


def test_on_a_gpu_windows_run_one_by_one(carrying: VoiceCloner, tones: tuple[Tone, Tone]) -> None:
    recording = RecordingGraph(carrying.converter, on_cuda=True)
    on_gpu = VoiceCloner(carrying.manifest, carrying._encoder, recording)  # type: ignore[arg-type]
    on_gpu.warm_up()
    warmed = set(recording.shapes)
    speech = _speech(14.0)
    found = on_gpu.convert(speech, *tones, **OPTIONS)
    assert _apart(found, carrying.convert(speech, *tones, **OPTIONS)) <= 1
    assert {batch for batch, _ in recording.shapes} == {1}
    assert set(recording.shapes) <= warmed


def test_the_manifest_says_whether_a_phase_is_carried(tmp_path: Path) -> None:
    for carries_phase in (False, True):
        folder = make_bundle(tmp_path / str(carries_phase), carries_phase=carries_phase)
        bundle = Bundle.read(folder)
        interface = tone_converter_interface(bundle.manifest)
        assert ("known_phase" in interface.inputs) is carries_phase
        assert ("phase" in interface.outputs) is carries_phase
        open_graph(bundle.tone_converter, interface, SETTINGS)
    with pytest.raises(InvalidBundle, match="its inputs are"):
        open_graph(
            Bundle.read(tmp_path / "False").tone_converter,
            tone_converter_interface(Bundle.read(tmp_path / "True").manifest),
            SETTINGS,
        )


@pytest.mark.parametrize(
    ("factor", "frames", "reason"), [(1, 3, "phases of shape"), (-1, None, "not within 0 to 1")]
)
def test_a_graph_that_gives_nonsense_is_named(
    carrying: VoiceCloner,
    tones: tuple[Tone, Tone],
    factor: int,
    frames: int | None,
    reason: str,
) -> None:
    class Nonsense(Graph):
        def __init__(self) -> None:
            self.interface = carrying.converter.interface
            self.providers = carrying.converter.providers

        def run_all(self, **inputs: Any) -> Any:
            outputs = carrying.converter.run_all(**inputs)
            return {**outputs, "phase": factor * (outputs["phase"][:, :, :frames] + 0.1)}

    broken = VoiceCloner(carrying.manifest, carrying._encoder, Nonsense())
    with pytest.raises(InvalidBundle, match=reason):
        broken.convert(voice(1.0), *tones)


@pytest.fixture(scope="module")
def shipped(model_folder: Path) -> VoiceCloner:
    cloner = VoiceCloner.load(model_folder, provider="cpu", threads=1)
    if not cloner.manifest.carries_phase:
        pytest.skip("the model makes no pulses")
    return cloner


@pytest.fixture(scope="module")
def vowel() -> Waveform:
    """A vowel sung for four seconds at 150 Hz, with three formants."""
    spectrum = np.fft.rfft((np.arange(4 * SECOND) % (SECOND // PITCH_HZ) == 0).astype(float))
    frequencies = np.fft.rfftfreq(4 * SECOND, 1 / SECOND)
    for centre_hz, width_hz in ((700, 80), (1200, 100), (2500, 150)):
        spectrum *= 0.02 + 1 / (1 + ((frequencies - centre_hz) / width_hz) ** 2)
    sound = np.fft.irfft(spectrum)
    vowel: Waveform = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return vowel


@pytest.fixture(scope="module")
def sung(shipped: VoiceCloner, vowel: Waveform) -> Waveform:
    tone = shipped.tone(vowel)
    return shipped.convert(vowel, tone, tone, seed=1)


def _pitches_hz(sound: Waveform) -> list[float]:
    """Find the pitch of every tenth of a second but the first and the last by autocorrelation."""
    found = []
    shortest, longest = SECOND // 400, SECOND // 60
    for start in range(SECOND // 10, len(sound) - SECOND // 5, SECOND // 10):
        part = sound[start : start + SECOND // 10] * np.hanning(SECOND // 10)
        power = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
        lags = np.fft.irfft(power)[shortest:longest]
        found.append(SECOND / (shortest + int(lags.argmax())))
    return found


def test_a_vowel_keeps_its_pitch_however_long_it_is_held(vowel: Waveform, sung: Waveform) -> None:
    assert len(_pitches_hz(sung)) == 37
    np.testing.assert_allclose(_pitches_hz(vowel), PITCH_HZ, rtol=0.02)
    np.testing.assert_allclose(_pitches_hz(sung), PITCH_HZ, rtol=0.02)


def test_windows_of_a_held_vowel_are_those_of_the_whole(
    shipped: VoiceCloner, vowel: Waveform, sung: Waveform
) -> None:
    tone = shipped.tone(vowel)
    for window_frames in (23, 111):
        conversion = shipped.conversion(vowel, tone, tone, seed=1, window_frames=window_frames)
        assert _apart(conversion.joined(), sung) <= 1


@pytest.mark.parametrize("latency", ["low", "balanced", "exact"])
def test_a_vowel_is_held_live(
    shipped: VoiceCloner, vowel: Waveform, sung: Waveform, latency: Latency
) -> None:
    tone = shipped.tone(vowel)
    live = shipped.live(tone, source_tone=tone, latency=latency, seed=1)
    found = np.concatenate([live.feed(vowel), live.finish()])
    np.testing.assert_allclose(_pitches_hz(found), PITCH_HZ, rtol=0.02)
    if latency == "exact":
        assert _apart(found, sung) <= 1
