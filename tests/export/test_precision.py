import dataclasses
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import precision
from export.bundle import write_bundle
from export.errors import CalibrationError, ParityError
from runtime import VoiceCloner
from runtime.manifest import Manifest
from tests.export.toys import FACTS, StackedConverter, ToyEncoder


def write(folder: Path, kind: str) -> tuple[Manifest, list[str]]:
    """Write a bundle of the same networks in some precision."""
    torch.manual_seed(0)
    facts = dataclasses.replace(FACTS, name=folder.name)
    lines: list[str] = []
    manifest = write_bundle(
        ToyEncoder(),
        StackedConverter(),
        facts,
        folder,
        precision=kind,  # type: ignore[arg-type]
        announce=lines.append,
    )
    return manifest, lines


@pytest.mark.parametrize("kind", ["fp16", "int8"])
def test_a_lesser_precision_is_measured_and_recorded(tmp_path: Path, kind: str) -> None:
    manifest, lines = write(tmp_path / kind, kind)
    assert manifest.precision == kind
    ratio = manifest.quality[kind]["signal_to_noise_db"]
    assert ratio >= precision.LEAST_RATIO_DB[manifest.precision]
    assert f"{kind} against float32 on unseen speech: {ratio:.1f} dB" in "\n".join(lines)
    assert ("int8_layers" in manifest.quality[kind]) == (kind == "int8")
    loaded = VoiceCloner.load(tmp_path / kind, provider="cpu", threads=1)
    assert loaded.manifest.model_id == manifest.model_id


def test_tones_are_the_same_in_every_precision(tmp_path: Path) -> None:
    ids = {write(tmp_path / kind, kind)[0].model_id for kind in ("fp32", "fp16")}
    assert len(ids) == 1


def test_too_much_loss_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(precision.LEAST_RATIO_DB, "fp16", 200.0)
    with pytest.raises(ParityError, match=r"fp16 keeps .* dB on unseen speech, 200 are needed"):
        write(tmp_path / "model", "fp16")
    assert not (tmp_path / "model").exists()


def test_int8_without_a_layer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "CHOSEN_RATIO_DB", 200.0)
    with pytest.raises(ParityError, match="no layer can be had in int8 at 200 dB"):
        write(tmp_path / "model", "int8")


def test_speech_is_asked_for_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="holds 0 recordings"):
        write_bundle(
            ToyEncoder(),
            StackedConverter(),
            FACTS,
            tmp_path / "model",
            precision="int8",
            calibration=tmp_path / "none",
            announce=lambda line: pytest.fail("nothing may be done before"),
        )
