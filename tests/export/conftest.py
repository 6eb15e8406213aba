"""Networks and bundles that several tests look at; the large ones are made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.official import V2_CONFIG, official_shapes

if TYPE_CHECKING:
    from torch import Tensor

    from export.networks.converter import ToneColourConverter


@pytest.fixture(autouse=True)
def _needs_torch() -> None:
    pytest.importorskip("torch")


@pytest.fixture(scope="session")
def official_state() -> dict[str, Tensor]:
    """The official checkpoint's tensors, drawn by name."""
    pytest.importorskip("torch")
    from tests.export import official_files

    return official_files.draw_state(official_shapes())


@pytest.fixture(scope="session")
def checkpoint_folder(
    official_state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with checkpoint.pth and config.json as V2's."""
    from tests.export import official_files

    folder = tmp_path_factory.mktemp("checkpoint")
    official_files.write_checkpoint(folder, official_state)
    official_files.write_config(folder, V2_CONFIG)
    return folder


@pytest.fixture(scope="session")
def v2_bundle(checkpoint_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that the command makes of the V2 checkpoint.

    Its receptive field by tolerance is measured on less speech than an export takes: that is most
    of the work, and no test here asks for it.
    """
    from export import bundle
    from export.__main__ import main

    folder = tmp_path_factory.mktemp("models") / "openvoice-v2"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bundle, "SPEECH_CLIPS", 1)
        patched.setattr(bundle, "SPEECH_SECONDS", 3.0)
        assert main(["--checkpoint", str(checkpoint_folder), "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session", params=["v1", "v2"])
def converter(
    request: pytest.FixtureRequest, official_state: dict[str, Tensor]
) -> Iterator[ToneColourConverter]:
    """The official-size converter of each generation."""
    from export.checkpoint import build_converter
    from export.config import ConverterConfig

    yield build_converter(ConverterConfig(zero_g=request.param == "v2"), official_state)
