import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime import DEFAULT_MODEL, OpenVoiceError, VoiceCloner
from runtime.errors import InvalidBundle, SilentAudio
from tests.audio import FORMATS, audio_file, voice, voice_file
from tests.bundles import make_bundle


def test_it_says_what_it_is(cloner: VoiceCloner) -> None:
    assert cloner.manifest.name == "tiny"
    assert cloner.providers == ("CPUExecutionProvider",)
    assert cloner.sample_rate_hz == 22050


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle):
        VoiceCloner.load(tmp_path / "nothing")


@pytest.mark.parametrize("kind", FORMATS)
def test_files_in_waveform_out(cloner: VoiceCloner, kind: str) -> None:
    source = voice_file(1.7, 48000, kind=kind, pitch_hz=180)
    result = cloner.clone(voice_file(2.0, 16000, kind=kind), source, tau=1.0, seed=1)
    assert result.dtype == np.float32
    assert len(result) == round(1.7 * 22050)
    assert np.abs(result).max() > 0.1


def test_several_targets_are_averaged_by_length(cloner: VoiceCloner) -> None:
    files = [voice_file(3.0), voice_file(1.0, pitch_hz=200, seed=4)]
    source = voice_file(1.0, pitch_hz=150)
    tones = [cloner.tone(cloner.decode(file)) for file in files]
    speech = cloner.decode(source)
    expected = cloner.convert(
        speech,
        cloner.tone(speech),
        cloner.average_tones([(tones[0], 3.0), (tones[1], 1.0)]),
        seed=2,
    )
    np.testing.assert_array_equal(cloner.clone(files, source, seed=2), expected)


@pytest.mark.parametrize(
    "source",
    [
        audio_file(voice(0.5, 8000), 8000),
        audio_file(np.stack([voice(0.5, 96000)] * 2, axis=1), 96000),
        audio_file(np.stack([voice(0.5, 44100)] * 6, axis=1), 44100),
        audio_file(voice(0.5), subtype="PCM_U8"),
        audio_file(voice(0.5), subtype="PCM_24"),
        audio_file(voice(0.5), subtype="FLOAT"),
        audio_file(np.zeros(11025, np.float32)),
    ],
    ids=["8 kHz", "96 kHz stereo", "5.1", "8 bits", "24 bits", "float", "silent"],
)
def test_odd_sources_work(cloner: VoiceCloner, source: bytes) -> None:
    assert len(cloner.clone(voice_file(1.0), source)) == 11025


def test_a_source_of_20_ms_works(cloner: VoiceCloner) -> None:
    assert len(cloner.clone(voice_file(1.0), voice_file(0.02))) == 441


def test_a_silent_target_is_refused(cloner: VoiceCloner) -> None:
    with pytest.raises(SilentAudio):
        cloner.clone(audio_file(np.zeros(22050, np.float32)), voice_file(1.0))


def test_its_errors_have_one_base(cloner: VoiceCloner) -> None:
    with pytest.raises(OpenVoiceError):
        cloner.clone(b"nothing", b"nothing")


def test_pieces_can_be_converted_at_once(cloner: VoiceCloner) -> None:
    pieces = [voice(1.0 + 0.3 * n, seed=n) for n in range(6)]
    target = cloner.tone(voice(2.0, pitch_hz=230))
    expected = [cloner.convert(piece, cloner.tone(piece), target, seed=1) for piece in pieces]
    found: list[Any] = [None] * len(pieces)

    def work(index: int) -> None:
        piece = cloner.decode(audio_file(pieces[index], subtype="FLOAT"))
        found[index] = cloner.convert(piece, cloner.tone(piece), target, seed=1)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(pieces))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)


def test_the_bandwidth_limits_the_graphs_input(tmp_path: Path) -> None:
    cloner, wide = (
        VoiceCloner.load(make_bundle(tmp_path / str(hz), input_bandwidth_hz=hz), provider="cpu")
        for hz in (4000, 11025)
    )
    low = voice(1.0)
    hiss = 0.1 * np.sin(2 * np.pi * 7000 * np.arange(len(low)) / 22050)
    high = (low + hiss).astype(np.float32)
    difference, reference = (
        float(np.linalg.norm(one.tone(high) - one.tone(low))) for one in (cloner, wide)
    )
    assert difference < 0.05 * reference


@pytest.mark.skipif(not (DEFAULT_MODEL / "manifest.json").exists(), reason="no compact model here")
def test_the_shipped_model_does_the_same(cloner: VoiceCloner) -> None:
    # With several threads, sums are rounded by how a window's length is shared between them.
    shipped = VoiceCloner.load(provider="cpu", threads=1)
    speech = voice(4.0)
    source, target = shipped.tone(speech), shipped.tone(voice(3.0, pitch_hz=210, seed=3))
    whole = shipped.conversion(speech, source, target, seed=1, window_frames=10**6)
    cut = shipped.conversion(speech, source, target, seed=1, window_frames=100)
    expected = np.concatenate(list(whole))
    found = np.concatenate(list(cut))
    assert len(found) == len(speech)
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()
