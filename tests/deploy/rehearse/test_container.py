"""The container's conditions, with this machine's own root and environment in place of an image's.

This is the quick form of `python -m deploy.rehearse`: no image is built.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from deploy.rehearse.__main__ import NEEDED, faults, readme_command
from deploy.rehearse.commands import require, require_root
from deploy.rehearse.container import health_command, serve
from deploy.rehearse.dockerfile import ROOT
from deploy.rehearse.errors import NotPossible, RehearsalError
from tests.test_containers import health_check

BUILDING = {"buildah", "debootstrap", "strip"}


@pytest.fixture
def config(model_folder: Path) -> dict[str, object]:
    """Settings like an image's, for programs of this machine and the checkout's server."""
    try:
        require(*sorted(set(NEEDED) - BUILDING))
        require_root()
    except NotPossible as error:
        pytest.skip(str(error))
    if len({os.stat(path).st_dev for path in ("/", ROOT, sys.prefix, model_folder)}) > 1:
        pytest.skip("the checkout is on another file system than /")
    return {
        "Env": [f"PATH={Path(sys.executable).parent}:/usr/bin:/bin", f"PYTHONPATH={ROOT}"],
        # Root without capabilities, because a checkout may lie where no other user can read.
        "User": "0:0",
        "Cmd": ["python", "-m", "server", "--port", "5000", "--model", str(model_folder)],
        "Healthcheck": {"Test": ["CMD", *health_check("Dockerfile.cpu")]},
    }


def with_bind(config: dict[str, object]) -> dict[str, object]:
    environment = config["Env"]
    assert isinstance(environment, list)
    return config | {"Env": [*environment, "OPENVOICE_BIND=127.0.0.1:5000"]}


def test_readme_works_without_network_capabilities_and_a_root_to_write_to(
    config: dict[str, object], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    seen = serve(Path("/"), with_bind(config), readme_command(), tmp_path)
    assert faults(seen, "0:0", (tmp_path / "converted.wav").read_bytes()) == []


def test_a_server_that_ends_is_told(config: dict[str, object], tmp_path: Path) -> None:
    wrong = with_bind(config) | {"Cmd": ["python", "-m", "server", "--model", "/nowhere"]}
    with pytest.raises(RehearsalError, match="the server ended with"):
        serve(Path("/"), wrong, "true", tmp_path)


def test_a_client_that_fails_is_told(config: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="bash"):
        serve(Path("/"), with_bind(config), "exit 3", tmp_path)


def test_faults_are_named() -> None:
    seen = {
        "interfaces": ["eth0", "lo"],
        "user": "0",
        "capabilities": "000001ffffffffff",
        "refuses_writes": False,
        "exit_code": 137,
    }
    assert len(faults(seen, "10001:10001", b"{}")) == 6


def test_a_health_check_may_be_a_shell_command() -> None:
    shell = {"Healthcheck": {"Test": ["CMD-SHELL", "exit 0"]}}
    assert health_command(shell) == ["/bin/sh", "-c", "exit 0"]
