from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import bundle
from export.errors import ParityError
from export.graphs import export_graph
from runtime.bundle import Bundle
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
