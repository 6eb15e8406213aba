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


@pytest.fixture(scope="session", params=["v1", "v2"])
def converter(
    request: pytest.FixtureRequest, official_state: dict[str, Tensor]
) -> Iterator[ToneColourConverter]:
    """The official-size converter of each generation."""
    from export.checkpoint import build_converter
    from export.config import ConverterConfig

    yield build_converter(ConverterConfig(zero_g=request.param == "v2"), official_state)
