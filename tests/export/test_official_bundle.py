"""What the command makes of a checkpoint of the official size; the export is made once, for all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir

from export import bundle, skeletons
from export.__main__ import main as export
from export.bundle import PARITY
from export.fidelity import open_on_cpu
from export.verify import main as verify
from runtime import VoiceCloner
from runtime.bundle import Bundle
from runtime.install.official import skeleton_folder
from runtime.install.plan import Plan
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import MANIFEST
from tests.export import official_files


@pytest.fixture(scope="module")
def bundle_folder(checkpoint_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that the command makes of the V2 checkpoint.

    Its receptive field by tolerance is measured on less speech than an export takes: that is most
    of the work, and no test here asks for it.
    """
    folder = tmp_path_factory.mktemp("models") / "openvoice-v2"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bundle, "SPEECH_CLIPS", 1)
        patched.setattr(bundle, "SPEECH_SECONDS", 3.0)
        assert export(["--checkpoint", str(checkpoint_folder), "--output", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("case_name", ["v2_case_a", "v2_case_b"])
def test_the_v2_graphs_give_the_originals_numbers(bundle_folder: Path, case_name: str) -> None:
    bundled = Bundle.read(bundle_folder)
    case = official_files.read_case(case_name)
    encoder = open_on_cpu(bundled.tone_encoder, tone_encoder_interface(bundled.manifest))
    converter = open_on_cpu(bundled.tone_converter, tone_converter_interface(bundled.manifest))
    tone = encoder.run(spectrogram=case["spectrogram"].numpy())
    assert (
        np.abs(tone - case["source_tone"].numpy()).max() <= 1e-4 * case["source_tone"].abs().max()
    )
    audio = converter.run(
        spectrogram=case["spectrogram"].numpy(),
        source_tone=case["source_tone"].numpy(),
        target_tone=case["target_tone"].numpy(),
        noise=(case["noise"] * case["temperature"]).numpy(),
    )
    assert np.abs(audio - case["audio"].numpy()).max() <= 1e-4 * case["audio"].abs().max()


def test_the_bundle_folder_is_an_ordinary_model(bundle_folder: Path) -> None:
    cloner = VoiceCloner.load(bundle_folder, provider="cpu", threads=1)
    assert cloner.manifest.variant == "v2"
    assert cloner.manifest.context_frames == 101
    assert cloner.manifest.checkpoint_sha256 is not None
    waveform = np.random.default_rng(0).normal(0, 0.1, 4567).astype(np.float32)
    tone = cloner.tone(waveform)
    assert cloner.convert(waveform, tone, tone, tau=1.0, seed=0).shape == waveform.shape


def test_zero_tones_leave_no_branch_in_the_v2_graph(bundle_folder: Path) -> None:
    graph = onnx_ir.load(bundle_folder / "tone_converter.onnx").graph
    assert not {node.op_type for node in graph} & {"Shape", "Gather", "Expand", "Cast", "Loop"}
    assert not [
        name for name in graph.initializers if "dec.cond" in name or "enc_q.enc.cond" in name
    ]
    conditions = [node for node in graph for value in node.inputs if value in graph.inputs[1:3]]
    assert len(conditions) == 8, "each of the four couplings once a direction"


def test_the_plans_manifest_is_the_exports(bundle_folder: Path) -> None:
    manifest = json.loads((bundle_folder / MANIFEST).read_bytes())
    planned = Plan.read(skeleton_folder("v2")).manifest
    assert planned == {
        name: value for name, value in manifest.items() if name not in skeletons.OF_ONE_BUNDLE
    }, official_files.EXPORT_AGAIN


def test_a_bundle_of_the_checkpoint_passes_and_another_does_not(
    bundle_folder: Path,
    checkpoint_folder: Path,
    official_state: dict[str, Tensor],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle_folder, copy)
    arguments = [str(copy), "--checkpoint", str(checkpoint_folder / "checkpoint.pth")]
    assert verify(arguments) == 0
    assert Bundle.read(copy).manifest.quality[PARITY].keys() == {"tone", "audio"}
    other = {**official_state, "ref_enc.proj.bias": official_state["ref_enc.proj.bias"] + 1}
    path = official_files.write_checkpoint(tmp_path, other)
    assert verify([str(copy), "--checkpoint", str(path)]) == 1
    assert "the graphs differ from their reference" in capsys.readouterr().err
