"""What the project's Dockerfiles say about themselves."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.rehearse.errors import RehearsalError

ROOT = Path(__file__).parents[2]
"""The project's folder, which the Dockerfiles lie in."""


def python_version(dockerfile: Path) -> str:
    """Read Python's version from the base that a Dockerfile names.

    Raises:
        RehearsalError: Its base is not an official image of Python.
    """
    found = re.search(r"^ARG PYTHON=python:(\d+\.\d+)-", dockerfile.read_text("utf-8"), re.M)
    if found is None:
        raise RehearsalError(f"{dockerfile.name} names no version of Python")
    return found[1]


def extras_of(dockerfile: Path) -> list[str]:
    """Read the extras that a Dockerfile installs.

    Raises:
        RehearsalError: It names none.
    """
    found = re.search(r"^ARG EXTRAS=(\S+)$", dockerfile.read_text("utf-8"), re.M)
    if found is None:
        raise RehearsalError(f"{dockerfile.name} names no extras")
    return found[1].split(",")
