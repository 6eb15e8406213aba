from pathlib import Path

import pytest

from runtime.bundle import Bundle
from runtime.errors import InvalidBundle
from tests.bundles import make_bundle


def test_graphs_are_read_whole(bundle: Path) -> None:
    read = Bundle.read(bundle)
    assert read.tone_encoder == (bundle / "tone_encoder.onnx").read_bytes()
    assert read.tone_converter == (bundle / "tone_converter.onnx").read_bytes()
    assert read.path == bundle


@pytest.mark.parametrize("name", ["tone_encoder.onnx", "tone_converter.onnx"])
def test_a_changed_graph_is_refused(tmp_path: Path, name: str) -> None:
    path = make_bundle(tmp_path) / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InvalidBundle, match=f"{name}: its SHA-256 is"):
        Bundle.read(tmp_path)


def test_a_missing_graph_is_named(tmp_path: Path) -> None:
    (make_bundle(tmp_path) / "tone_converter.onnx").unlink()
    with pytest.raises(InvalidBundle, match=r"tone_converter\.onnx: No such file"):
        Bundle.read(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="nowhere: not a folder"):
        Bundle.read(tmp_path / "nowhere")
