from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")
pytest.importorskip("perth", reason="resemble-perth is not installed")

import torch
from torch import Tensor

from export import watermark
from export.checkpoint import read_state
from export.errors import CheckpointError, ParityError
from export.networks.watermark import WatermarkNetwork, factorised
from export.receptive_field import exact_receptive_field
from runtime import wav
from runtime.decode import decode_audio
from runtime.marking.manifest import (
    DECODER,
    ENCODER,
    WATERMARK_FOLDER,
    WATERMARK_MANIFEST,
    WatermarkManifest,
    watermark_interface,
)
from runtime.marking.reader import WatermarkReader
from runtime.marking.writer import WatermarkWriter
from tests.export.original_perth import open_original

SAMPLES = Path(__file__).parents[2] / "samples"
RATE_HZ = 22050


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return read_state(watermark.installed_file(watermark.CHECKPOINT))


@pytest.fixture(scope="module")
def networks(state: dict[str, Tensor]) -> dict[str, WatermarkNetwork]:
    return watermark.build_networks(state)


def speech(name: str) -> np.ndarray:
    return decode_audio((SAMPLES / name).read_bytes(), RATE_HZ)


def test_the_shipped_graphs_are_what_the_command_writes(tmp_path: Path) -> None:
    assert watermark.main(["--output", str(tmp_path / "new")]) == 0
    shipped, new = (
        WatermarkManifest.read(folder / WATERMARK_MANIFEST)
        for folder in (WATERMARK_FOLDER, tmp_path / "new")
    )
    assert new.files[DECODER] == shipped.files[DECODER]
    assert (new.context_frames, new.strength) == (15, shipped.strength)
    assert new.quality["encoder_signal_to_noise_db"] > watermark.LEAST_RATIO_DB
    assert (WATERMARK_FOLDER / "LICENSE").read_text() == (tmp_path / "new/LICENSE").read_text()


@pytest.mark.parametrize("fault", ["missing", "extra", "misshapen", "unknown"])
def test_a_checkpoint_that_differs_is_refused(state: dict[str, Tensor], fault: str) -> None:
    changed = dict(state)
    name = "encoder.layers.3.conv.bias"
    if fault == "missing":
        del changed[name]
    elif fault == "extra":
        changed["encoder.layers.9.conv.bias"] = changed[name]
    elif fault == "misshapen":
        changed[name] = changed[name][:-1]
    else:
        changed["other.weight"] = changed[name]
    with pytest.raises(CheckpointError):
        watermark.build_networks(changed)


def test_an_output_that_varies_is_no_constant(networks: dict[str, WatermarkNetwork]) -> None:
    level = torch.rand(1, watermark.BINS, 200)
    with torch.inference_mode(), pytest.raises(ParityError):
        watermark.constant_output(networks[DECODER], [level])


def test_a_full_rank_changes_nothing(networks: dict[str, WatermarkNetwork]) -> None:
    level = torch.rand(1, watermark.BINS, 400, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole = factorised(networks[ENCODER], [level], watermark.CHANNELS)
        difference = (whole(level) - networks[ENCODER](level)).abs().max()
    assert difference < 1e-5


@pytest.mark.parametrize("name", [ENCODER, DECODER])
def test_the_receptive_field_is_measured(networks: dict[str, WatermarkNetwork], name: str) -> None:
    interface = watermark_interface(name, watermark.BINS)
    assert max(exact_receptive_field(networks[name], interface, 1)) == 15


@pytest.mark.parametrize("name", ["english-man.flac", "mandarin-woman.flac"])
def test_the_original_package_and_this_one_read_each_other(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    original = open_original(monkeypatch)
    writer = WatermarkWriter.load(RATE_HZ, provider="cpu", threads=1)
    reader = WatermarkReader.load(provider="cpu", threads=1)
    clip = speech(name)

    def read_here(samples: np.ndarray) -> float:
        resampled = decode_audio(_wav(samples), reader.sample_rate_hz)
        return reader.read(resampled).confidence

    def read_there(samples: np.ndarray) -> float:
        return float(original.get_watermark(samples, RATE_HZ, round=False))

    ours = writer.mark(clip)
    theirs = np.asarray(original.apply_watermark(clip, RATE_HZ), np.float32)
    assert read_there(clip) < 0.4 and read_here(clip) < 0.4
    assert read_there(ours) > 0.9 and read_here(ours) > 0.9
    assert read_there(theirs) > 0.9 and read_here(theirs) > 0.9


def _wav(samples: np.ndarray) -> bytes:
    return wav.encode(samples, RATE_HZ)
