from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import bundle
from export.errors import ParityError
from export.fidelity import open_on_cpu
from export.graphs import export_graph
from runtime import VoiceCloner
from runtime.bundle import Bundle
from runtime.interface import tone_converter_interface, tone_encoder_interface
from tests.export.official_files import read_case
from tests.export.toys import FACTS, toys


@pytest.fixture(scope="module")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy"
    lines: list[str] = []
    bundle.write_bundle(*toys(), FACTS, folder, store_weights="fp16", announce=lines.append)
    assert "an output frame depends on 2 frames before it and 2 after it" in lines
    return folder


def test_the_manifest_vouches_for_the_graphs(toy_bundle: Path) -> None:
    manifest = Bundle.read(toy_bundle).manifest
    digest = hashlib.sha256((toy_bundle / "tone_encoder.onnx").read_bytes()).hexdigest()
    assert manifest.files["tone_encoder.onnx"] == digest
    assert manifest.model_id == digest[:12]
    assert manifest.look_back_frames["exact"] == manifest.look_ahead_frames["exact"] == 2
    assert manifest.look_back_frames.keys() == {"exact", "1e-4", "1e-3", "1e-2"}
    assert (manifest.context_frames, manifest.minimum_reference_frames) == (2, 1)
    assert (manifest.opset, manifest.precision, manifest.bins) == (20, "fp32", 513)
    assert manifest.quality["words"] == "none"
    assert manifest.quality[bundle.PARITY].keys() == {"tone", "audio"}
    for entry in dataclasses.fields(FACTS):
        if entry.name != "quality":
            assert getattr(manifest, entry.name) == getattr(FACTS, entry.name)


def test_nothing_is_left_beside_the_bundle(toy_bundle: Path) -> None:
    assert [path.name for path in toy_bundle.parent.iterdir()] == ["toy"]
    assert sorted(path.name for path in toy_bundle.iterdir()) == [
        "manifest.json",
        "tone_converter.onnx",
        "tone_encoder.onnx",
    ]


def test_a_bundle_that_is_there_is_replaced(toy_bundle: Path) -> None:
    before = json.loads((toy_bundle / "manifest.json").read_text())
    (toy_bundle / "leftover").touch()
    bundle.write_bundle(*toys(), FACTS, toy_bundle, announce=lambda line: None)
    after = json.loads((toy_bundle / "manifest.json").read_text())
    assert after["model_id"] != before["model_id"], "half and full storage are different files"
    assert not (toy_bundle / "leftover").exists()


def test_a_graph_that_says_something_else_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = toys()
    for module in others:
        for parameter in module.parameters():
            torch.nn.init.constant_(parameter, 0.01)

    def spoilt(module: object, interface: object, opset: int) -> object:
        return export_graph(others[0], interface, opset)  # type: ignore[arg-type]

    monkeypatch.setattr(bundle, "export_graph", spoilt)
    with pytest.raises(ParityError, match="differ from their reference"):
        bundle.write_bundle(*toys(), FACTS, tmp_path / "toy", announce=lambda line: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("case_name", ["v2_case_a", "v2_case_b"])
def test_the_v2_graphs_give_the_originals_numbers(v2_bundle: Path, case_name: str) -> None:
    bundled = Bundle.read(v2_bundle)
    case = read_case(case_name)
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


def test_the_v2_bundle_is_an_ordinary_model(v2_bundle: Path) -> None:
    cloner = VoiceCloner.load(v2_bundle, provider="cpu", threads=1)
    assert cloner.manifest.variant == "v2"
    assert cloner.manifest.context_frames == 101
    assert cloner.manifest.checkpoint_sha256 is not None
    waveform = np.random.default_rng(0).normal(0, 0.1, 4567).astype(np.float32)
    tone = cloner.tone(waveform)
    assert cloner.convert(waveform, tone, tone, tau=1.0, seed=0).shape == waveform.shape


def test_zero_tones_leave_no_branch_in_the_v2_graph(v2_bundle: Path) -> None:
    import onnx_ir

    graph = onnx_ir.load(v2_bundle / "tone_converter.onnx").graph
    assert not {node.op_type for node in graph} & {"Shape", "Gather", "Expand", "Cast", "Loop"}
    assert not [
        name for name in graph.initializers if "dec.cond" in name or "enc_q.enc.cond" in name
    ]
    conditions = [node for node in graph for value in node.inputs if value in graph.inputs[1:3]]
    assert len(conditions) == 8, "each of the four couplings once a direction"
