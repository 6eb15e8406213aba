"""Promises of the README: nothing is written to disk, and no network connection is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"

# Every attempt to connect or to look up a host is an error.
CLONE_WITHOUT_NETWORK = """
import socket, sys
from pathlib import Path

def refuse(*arguments, **options):
    raise AssertionError("a connection was tried")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse

from runtime import VoiceCloner

cloner = VoiceCloner.load(sys.argv[1])
target, source = (Path(name).read_bytes() for name in sys.argv[2:])
assert len(cloner.clone(target, source, tau=1.0))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with an empty home and nothing about telemetry."""
    without = {"CI", "ORT_DISABLE_TELEMETRY", "GITHUB_ACTIONS"}
    inherited = {
        name: text
        for name, text in os.environ.items()
        if name not in without and not name.startswith(("XDG_", "PYTEST_"))
    }
    return inherited | {"HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def test_a_clone_writes_nothing_and_connects_to_nothing(model_folder: Path, home: Path) -> None:
    clips = [str(SAMPLES / name) for name in ("english-woman.flac", "scottish-man.wav")]
    subprocess.run(
        [sys.executable, "-c", CLONE_WITHOUT_NETWORK, str(model_folder), *clips],
        cwd=ROOT,
        env=environment(home),
        check=True,
    )
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []


def test_importing_the_server_writes_nothing(home: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import server.app, server.process.listener, runtime.commands.main"],
        cwd=ROOT,
        env=environment(home),
        check=True,
    )
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []
