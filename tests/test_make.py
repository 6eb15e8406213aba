"""What the Makefile would do, without doing it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def dry_run(*arguments: str, **variables: str) -> str:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def served(commands: str) -> list[str]:
    return commands.strip().splitlines()[-1].split()[3:]


def test_serve_leaves_the_address_to_the_settings() -> None:
    assert served(dry_run("serve")) == []


def test_serve_honours_port_and_host() -> None:
    assert served(dry_run("serve", "PORT=5001")) == ["--port", "5001"]
    assert served(dry_run("serve", PORT="5001")) == ["--port", "5001"]
    assert served(dry_run("serve", "HOST=0.0.0.0")) == ["--host", "0.0.0.0"]


def test_a_host_of_the_shell_opens_nothing() -> None:
    assert served(dry_run("serve", HOST="build-machine")) == []


def test_serve_installs_runtime_dependencies_only() -> None:
    commands = dry_run("--always-make", "serve")
    assert "pip install --quiet --editable '.[cpu]'" in commands
    assert ".venv-dev" not in commands


def test_test_checks_everything() -> None:
    commands = dry_run("test", "PYTEST_ARGS=-x")
    for command in ("ruff check .", "ruff format --check .", "bin/mypy", "bin/pytest -x"):
        assert command in commands


def test_export_asks_for_a_checkpoint() -> None:
    commands = dry_run("export", "CHECKPOINT=file.pth")
    assert "-m export --checkpoint 'file.pth' --output 'onnx_models/openvoice-v2'" in commands
