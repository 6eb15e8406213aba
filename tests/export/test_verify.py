from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from export.bundle import PARITY
from export.verify import main
from runtime.bundle import Bundle
from tests.export import official_files


def test_a_bundle_of_the_checkpoint_passes_and_another_does_not(
    v2_bundle: Path,
    checkpoint_folder: Path,
    official_state: dict[str, Tensor],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(v2_bundle, bundle)
    arguments = [str(bundle), "--checkpoint", str(checkpoint_folder / "checkpoint.pth")]
    assert main(arguments) == 0
    assert Bundle.read(bundle).manifest.quality[PARITY].keys() == {"tone", "audio"}
    other = {**official_state, "ref_enc.proj.bias": official_state["ref_enc.proj.bias"] + 1}
    path = official_files.write_checkpoint(tmp_path, other)
    assert main([str(bundle), "--checkpoint", str(path)]) == 1
    assert "the graphs differ from their reference" in capsys.readouterr().err
