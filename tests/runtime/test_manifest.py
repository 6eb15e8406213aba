from pathlib import Path
from typing import Any

import pytest

from runtime.errors import InvalidBundle
from runtime.manifest import TOLERANCES, Manifest
from tests.bundles import make_bundle, write_manifest


def _frames(exact: int, others: int) -> dict[str, int]:
    return {"exact": exact, **dict.fromkeys(TOLERANCES, others)}


def test_fields_are_read(bundle: Path) -> None:
    manifest = Manifest.read(bundle / "manifest.json")
    assert manifest.name == "tiny"
    assert manifest.tau_curve[0] == (0.0, 0.0)
    assert manifest.tau_curve[-1] == (1.0, 1.0)
    assert manifest.model_id == manifest.files["tone_encoder.onnx"][:12]


def test_the_receptive_field_is_optional(bundle: Path, tmp_path: Path) -> None:
    assert Manifest.read(bundle / "manifest.json").look_ahead_frames == {}
    frames = _frames(3, 2)
    measured = make_bundle(tmp_path / "measured", context_frames=3, look_back_frames=frames)
    assert Manifest.read(measured / "manifest.json").look_back_frames == frames


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "format is 2"),
        ({"bins": "513"}, "bins is '513'"),
        ({"bins": 512}, "bins is 512"),
        ({"hop_samples": True}, "hop_samples is True"),
        ({"hop_samples": 250}, "hop_samples does not divide"),
        ({"window_samples": 800}, "window_samples differs"),
        ({"context_frames": -1}, "context_frames is -1"),
        ({"window_frames": 0}, "window_frames is 0"),
        ({"input_bandwidth_hz": 12000}, "input_bandwidth_hz"),
        ({"input_bandwidth_hz": float("nan")}, "input_bandwidth_hz"),
        ({"minimum_reference_frames": 2000}, "minimum_reference_frames"),
        ({"variant": "v9"}, "variant is 'v9'"),
        ({"precision": "fp64"}, "precision is 'fp64'"),
        ({"model_id": "0" * 12}, "model_id"),
        (
            {"look_back_frames": {"exact": 1}},
            "look_back_frames does not name exact, 1e-4, 1e-3, 1e-2",
        ),
        (
            {"look_ahead_frames": {"exact": 1, "1e-4": -1, "1e-3": 0, "1e-2": 0}},
            "look_ahead_frames is -1",
        ),
        (
            {"look_back_frames": {"exact": 999, "1e-4": 1, "1e-3": 0, "1e-2": 0}},
            "above context_frames",
        ),
        ({"licence": None}, "licence is not a string"),
        ({"quality": []}, "quality is not an object"),
        ({"checkpoint_sha256": 3}, "checkpoint_sha256"),
        ({"surprise": 1}, "unknown fields: surprise"),
        ({"files": {}}, "files must name"),
        ({"files": {"tone_encoder.onnx": {}, "tone_converter.onnx": {}}}, "no sha256"),
        ({"tau_curve": [[0, 0]]}, "tau_curve"),
        ({"tau_curve": [[0, 0], [1, 0.9]]}, "tau_curve"),
        ({"tau_curve": [[0, 0.1], [1, 1]]}, "tau_curve"),
        ({"tau_curve": [[0, 0], [0.5, 0.6], [0.5, 0.7], [1, 1]]}, "tau_curve"),
        ({"tau_curve": [[0, 0], [0.5, 1.5], [1, 1]]}, "tau_curve"),
        ({"tau_curve": [[0, 0], ["a", 1], [1, 1]]}, "tau_curve"),
        ({"tau_curve": [[0, 0], [1, 1, 1]]}, "tau_curve"),
        ({"carries_phase": 1}, "carries_phase is neither"),
        ({"look_back_frames": []}, "look_back_frames does not name"),
        ({"look_ahead_frames": {"exact": 1}}, "look_ahead_frames does not name"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    make_bundle(tmp_path)
    write_manifest(tmp_path, **changes)
    with pytest.raises(InvalidBundle, match=reason):
        Manifest.read(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "not JSON"), ("[]", "not a JSON object"), ('{"format": 1}', "missing fields: bins")],
)
def test_other_documents_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(InvalidBundle, match=reason):
        Manifest.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match=r"manifest\.json: No such file"):
        Manifest.read(tmp_path / "manifest.json")
