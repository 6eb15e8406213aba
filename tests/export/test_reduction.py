import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import fidelity, quantization
from export.bundle import write_bundle
from export.errors import CalibrationError, ParityError, PrecisionError
from export.half import halve_bundle
from export.quantization import quantize_bundle
from runtime import VoiceCloner
from runtime.bundle import Bundle
from tests.export.toys import FACTS, StackedConverter, ToyEncoder

ROOT = Path(__file__).resolve().parents[2]
REDUCERS = {"fp16": halve_bundle, "int8": quantize_bundle}

# Run in a process of its own: quantises a bundle where only these packages are missing.
QUANTIZE_WITHOUT = """
import sys
from pathlib import Path
for name in ("torch", "onnx_ir", "onnxscript"):
    sys.modules[name] = None
from export.quantization import quantize_bundle
quantize_bundle(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float32 bundle."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "toy"
    write_bundle(ToyEncoder(), StackedConverter(), FACTS, folder, announce=lambda line: None)
    return folder


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_lower_precision_is_measured_and_recorded(
    full: Path, tmp_path: Path, precision: str
) -> None:
    lines: list[str] = []
    manifest = REDUCERS[precision](full, tmp_path / "model", announce=lines.append)
    assert manifest.precision == precision
    ratio = manifest.quality[precision]["signal_to_noise_db"]
    assert ratio >= fidelity.LEAST_RATIO_DB[manifest.precision]
    assert f"{precision} against float32 on unseen speech: {ratio:.1f} dB" in "\n".join(lines)
    assert ("int8_layers" in manifest.quality[precision]) == (precision == "int8")
    loaded = VoiceCloner.load(tmp_path / "model", provider="cpu", threads=1)
    assert loaded.manifest == manifest
    before = Bundle.read(full)
    assert Bundle.read(tmp_path / "model").tone_encoder == before.tone_encoder
    changed = {
        field.name
        for field in dataclasses.fields(manifest)
        if getattr(manifest, field.name) != getattr(before.manifest, field.name)
    }
    assert changed == {"precision", "quality", "files"}


def test_int8_needs_neither_pytorch_nor_what_exports_with_it(full: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", QUANTIZE_WITHOUT, str(full), str(tmp_path / "model")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert Bundle.read(tmp_path / "model").manifest.precision == "int8"


def test_a_bundle_can_be_replaced_by_its_reduction(full: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    for file in full.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    halve_bundle(place, place, announce=lambda line: None)
    assert Bundle.read(place).manifest.precision == "fp16"
    with pytest.raises(PrecisionError, match="is in fp16; a float32 bundle is needed"):
        quantize_bundle(place, tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_too_much_loss_leaves_nothing(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fidelity.LEAST_RATIO_DB, "fp16", 200.0)
    with pytest.raises(ParityError, match=r"fp16 keeps .* dB on unseen speech, 200 are needed"):
        halve_bundle(full, tmp_path / "model", announce=lambda line: None)
    assert not list(tmp_path.iterdir())


def test_int8_without_a_layer_is_an_error(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantization, "CHOSEN_RATIO_DB", 200.0)
    with pytest.raises(ParityError, match="no layer can be quantised at 200 dB"):
        quantize_bundle(full, tmp_path / "model", announce=lambda line: None)


def test_missing_speech_is_told_first(full: Path, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="holds 0 recordings"):
        quantize_bundle(
            full,
            tmp_path / "model",
            calibration=tmp_path / "none",
            announce=lambda line: pytest.fail("nothing may be done before"),
        )
