"""Runs other programs, with errors that show what they printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.rehearse.errors import NotPossible, RehearsalError


def exit_status(rehearsal: Callable[[], None]) -> int:
    """Run a command's work and print the error that ends it.

    Returns:
        0 when it went well, 1 when not, 2 when this machine cannot rehearse.
    """
    try:
        rehearsal()
    except RehearsalError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, NotPossible) else 1
    return 0


def require(*programs: str) -> None:
    """Check that programs are installed.

    Raises:
        NotPossible: One is missing.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise NotPossible(f"not installed: {', '.join(missing)}")


def require_root() -> None:
    """Check that this process may make roots and namespaces.

    Raises:
        NotPossible: The user is not root.
    """
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
