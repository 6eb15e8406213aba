import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from runtime.errors import AudioTooShort, InvalidBundle, InvalidOption
from runtime.marking.manifest import WATERMARK_FOLDER
from runtime.marking.writer import WatermarkWriter
from tests.audio import voice

LSB = 1 / 32768


@pytest.mark.parametrize("samples", [1, 2, 219, 220, 441, 5000, 33_333, 66_151])
def test_the_length_is_kept(writer: WatermarkWriter, samples: int) -> None:
    clip = voice(3.1)[:samples]
    before = clip.copy()
    marked = writer.mark(clip)
    assert marked.shape == clip.shape and marked.dtype == np.float32
    np.testing.assert_array_equal(clip, before)


@pytest.mark.parametrize("block", [1, 97, 4097, 22_051, 50_000])
def test_how_a_clip_is_cut_changes_nothing(writer: WatermarkWriter, block: int) -> None:
    clip = voice(3.1)[: 3000 if block == 1 else None]
    stream = writer.stream()
    pieces = [stream.push(clip[at : at + block]) for at in range(0, len(clip), block)]
    joined = np.concatenate([*pieces, stream.finish()])
    np.testing.assert_allclose(joined, writer.mark(clip), rtol=0, atol=LSB / 10)


def test_a_marked_clip_differs_below_2_khz_and_nowhere_else(writer: WatermarkWriter) -> None:
    clip = voice(4.0)
    spectrum = np.abs(np.fft.rfft(writer.mark(clip) - clip))
    hz = np.fft.rfftfreq(len(clip), 1 / 22050)
    low, high = spectrum[hz < 2000], spectrum[hz > 2100]
    assert low.max() > 1
    assert np.square(high).sum() < 1e-6 * np.square(low).sum()


def test_silence_stays_silent(writer: WatermarkWriter) -> None:
    clip = voice(4.0)
    clip[20_011:55_501] = 0
    marked = writer.mark(clip)
    assert not marked[20_011:55_501].any()
    assert (marked[:20_000] != clip[:20_000]).mean() > 0.9
    assert not writer.mark(np.zeros(9_999, np.float32)).any()


def test_the_strength_scales_what_is_added(writer: WatermarkWriter) -> None:
    manifest = dataclasses.replace(writer.manifest, strength=0.5 * writer.manifest.strength)
    weaker = WatermarkWriter(manifest, writer._encoder, 22050)
    clip = voice(2.0)
    energies = [float(np.square(each.mark(clip) - clip).sum()) for each in (weaker, writer)]
    assert 0.15 < energies[0] / energies[1] < 0.4


def test_other_sample_rates_are_marked_alike(writer: WatermarkWriter) -> None:
    other = WatermarkWriter(writer.manifest, writer._encoder, 44100)
    added = [
        each.mark(voice(2.0, each.sample_rate_hz)) - voice(2.0, each.sample_rate_hz)
        for each in (writer, other)
    ]
    # the voice's noise and its highest harmonics differ
    scale = np.sqrt([np.square(part).mean() for part in added])
    assert scale[1] == pytest.approx(scale[0], rel=0.2)


def test_no_waveform_is_refused(writer: WatermarkWriter) -> None:
    with pytest.raises(AudioTooShort):
        writer.mark(np.zeros(0, np.float32))
    with pytest.raises(InvalidOption):
        writer.mark(np.zeros(100))  # type: ignore[arg-type]


def test_a_changed_graph_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "marking"
    shutil.copytree(WATERMARK_FOLDER, folder)
    graph = folder / "watermark_encoder.onnx"
    graph.write_bytes(graph.read_bytes() + b"x")
    with pytest.raises(InvalidBundle, match="SHA-256"):
        WatermarkWriter.load(22050, folder, provider="cpu")
