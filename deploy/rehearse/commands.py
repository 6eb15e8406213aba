"""Runs other programs, with errors that show what they printed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.rehearse.errors import NotPossible, RehearsalError


def require(*programs: str) -> None:
    """Check that programs are installed and that this process may make roots and namespaces.

    Raises:
        NotPossible: One is missing, or the user is not root.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise NotPossible(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        raise NotPossible("root's rights are needed, for chroot and namespaces")


def run(
    *command: str | Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    show: bool = False,
) -> str:
    """Run a program.

    Args:
        command: The program and its arguments.
        cwd: The folder to run it in.
        environment: The variables that it gets; None for this process's own.
        show: Whether its output goes to standard error as it comes, instead of being returned.

    Returns:
        What it wrote to standard output.

    Raises:
        RehearsalError: It failed; the message has the end of what it printed.
    """
    output = None if show else subprocess.PIPE
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=2 if show else output,
        stderr=output,
        text=True,
        check=False,
    )
    if done.returncode:
        words = " ".join(str(word) for word in command[:4])
        printed = ((done.stdout or "") + (done.stderr or ""))[-4000:]
        raise RehearsalError(f"`{words} ...` ended with {done.returncode}\n{printed}")
    return done.stdout or ""
