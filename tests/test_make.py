"""Behaviour of the Makefile's targets, mostly by what a dry run prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def run(*arguments: str, **variables: str) -> str:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def served(*arguments: str, **variables: str) -> list[str]:
    """Return the arguments that `make serve` would give to the server."""
    commands = run("--dry-run", "serve", *arguments, **variables)
    return commands.strip().splitlines()[-1].split()[3:]


def test_serve_leaves_the_address_to_the_settings() -> None:
    assert served() == []


def test_serve_honours_port_and_host() -> None:
    assert served("PORT=5001") == ["--port", "5001"]
    assert served(PORT="5001") == ["--port", "5001"]
    assert served("HOST=0.0.0.0") == ["--host", "0.0.0.0"]


def test_a_host_of_the_shell_opens_nothing() -> None:
    assert served(HOST="build-machine") == []


def test_export_needs_a_checkpoint() -> None:
    refused = subprocess.run(
        ["make", "export", "--assume-old=.venv-dev/installed"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "usage: make export CHECKPOINT=" in refused.stderr


def test_serve_installs_an_official_model_first() -> None:
    commands = run("--dry-run", "serve", "MODEL=openvoice-v2")
    assert "-m runtime install openvoice-v2 --if-missing" in commands
    assert served("MODEL=openvoice-v2") == ["--model", "openvoice-v2"]


def test_serve_takes_any_other_model_as_it_is() -> None:
    assert "runtime install" not in run("--dry-run", "serve", "MODEL=onnx_models/mine")
    assert served("MODEL=onnx_models/mine") == ["--model", "onnx_models/mine"]


def test_a_model_of_the_shell_changes_nothing() -> None:
    assert served(MODEL="T480s") == []


@pytest.mark.parametrize(
    ("variables", "voices"),
    [
        ({}, "{checkout}/voices.db"),
        ({"OPENVOICE_VOICES": "elsewhere.db"}, "elsewhere.db"),
        ({"OPENVOICE_VOICES": ""}, ""),
    ],
)
def test_serve_stores_voices_beside_the_checkout(
    tmp_path: Path, variables: dict[str, str], voices: str
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "voices: $OPENVOICE_VOICES"\n', "utf-8")
    python.chmod(0o755)
    for name in ("pyproject.toml", ".venv/installed"):
        (tmp_path / name).touch()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "OPENVOICE_"))}
    result = subprocess.run(
        ["make", "serve"],
        cwd=tmp_path,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"voices: {voices.format(checkout=tmp_path)}\n" in result.stdout


def test_help_lists_targets_that_exist() -> None:
    listed = re.findall(r"^make ([a-z-]+)", run("help"), re.MULTILINE)
    assert {"serve", "test", "export"} <= set(listed)
    for target in listed:
        run("--dry-run", target, "CHECKPOINT=file.pth")
