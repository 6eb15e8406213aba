"""Recipe checkpoints of the official size, and what is installed of them; made once a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.models import MODELS_VARIABLE
from tests.runtime.install import checkpoints
from tests.runtime.install.hub import PlayedHub, play_hub

VARIANTS = ("v1", "v2")


@pytest.fixture(scope="session")
def recipe_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder a generation, with checkpoint.pth and config.json; the weights are the same."""
    folder = tmp_path_factory.mktemp("recipe")
    path = checkpoints.write_checkpoint(folder / "checkpoint.pth", checkpoints.draw_all())
    folders = {}
    for variant in VARIANTS:
        folders[variant] = folder / variant
        folders[variant].mkdir()
        (folders[variant] / "checkpoint.pth").hardlink_to(path)
        config = json.dumps(checkpoints.config(variant))
        (folders[variant] / "config.json").write_text(config, "utf-8")
    return folders


@pytest.fixture(scope="session", autouse=True)
def little_speech() -> Iterator[None]:
    """Measure receptive fields on less speech than an installation takes: it is most of the work.

    An installation in a process of its own measures as always.
    """
    from runtime.install import context

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(context, "CLIP_SECONDS", 2.5)
        patched.setattr(context, "CUTS", (0.5,))
        yield


@pytest.fixture(scope="session")
def installed(
    recipe_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A bundle a generation, installed by the command."""
    from runtime.commands.main import main

    folder = tmp_path_factory.mktemp("installed")
    for variant, files in recipe_folders.items():
        arguments = ["--checkpoint", str(files / "checkpoint.pth")]
        output = ["--output", str(folder / variant)]
        assert main(["install", f"openvoice-{variant}", *arguments, *output]) == 0
    return {variant: folder / variant for variant in VARIANTS}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that models are installed in."""
    folder = tmp_path / "models"
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedHub]:
    """A played hub that the environment names."""
    with play_hub() as played:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("HF_ENDPOINT", played.address)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield played
