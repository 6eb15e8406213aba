"""A stand-in for the image python:3.12-slim-bookworm, made of Debian packages and a local Python.

Like the official image it is Debian 12 (debootstrap's minimal variant with the packages that
Python's libraries need) and CPython below /usr/local, stripped, without tests and bytecode. It
differs in what does not reach the final image: documentation of Debian packages stays, the patch
release of Python is that of the local interpreter, and that interpreter's compiler flags are its
builder's.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from deploy.image.assemble import is_elf
from deploy.rehearse.commands import run
from deploy.rehearse.errors import NotPossible

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    "ca-certificates",
    "libbz2-1.0",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
    "netbase",
    "tzdata",
    "zlib1g",
)
"""What the official image installs beside Debian's minimum, and what its Python links to."""

DONE = "rehearsal-done"
_NO_MODULES = ("__pycache__", "*.pyc", "test", "tests", "idle_test", "*.a", "site-packages")


def make_base(folder: Path, version: str) -> Path:
    """Make the root file system, unless an earlier rehearsal has left one.

    Args:
        folder: Where roots are kept from one rehearsal to the next.
        version: Python's version, such as 3.12.

    Returns:
        The root.

    Raises:
        NotPossible: There is no such Python in a folder of its own.
        RehearsalError: A step failed.
    """
    root = folder / f"python-{version}-{SUITE}"
    if (folder / f"{root.name}.{DONE}").exists():
        return root
    prefix = find_prefix(version)
    if root.exists():
        shutil.rmtree(root)
    packages = ",".join(PACKAGES)
    run("debootstrap", "--variant=minbase", f"--include={packages}", SUITE, root, MIRROR, show=True)
    shutil.rmtree(root / "var" / "cache" / "apt")
    copy_python(prefix, root / "usr" / "local", version)
    run("chroot", root, "/sbin/ldconfig")
    run("chroot", root, f"/usr/local/bin/python{version}", "-m", "ensurepip")
    for name in ("python3", "python"):
        (root / "usr" / "local" / "bin" / name).symlink_to(f"python{version}")
    (root / "usr" / "local" / "bin" / "pip").symlink_to("pip3")
    (folder / f"{root.name}.{DONE}").touch()
    return root


def find_prefix(version: str) -> Path:
    """Find the folder of a local Python that can be copied.

    Raises:
        NotPossible: There is none, or it is spread over /usr as a distribution's is.
    """
    program = shutil.which(f"python{version}")
    if program is None:
        raise NotPossible(f"not installed: python{version}")
    asked = [program, "-c", "import sys; print(sys.base_prefix)"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    prefix = Path(done.stdout.strip())
    if done.returncode or prefix == Path("/usr"):
        raise NotPossible(f"{program} has no folder of its own, such as one that pyenv makes")
    return prefix


def copy_python(prefix: Path, destination: Path, version: str) -> None:
    """Copy a Python as the official image has it: stripped, without tests and bytecode."""
    library = f"lib/python{version}"
    leave_out = shutil.ignore_patterns(*_NO_MODULES)
    shutil.copytree(prefix / library, destination / library, ignore=leave_out, symlinks=True)
    (destination / library / "site-packages").mkdir()
    (destination / "bin").mkdir(exist_ok=True)
    shutil.copy2(prefix / "bin" / f"python{version}", destination / "bin")
    for path in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(path, destination / "lib", follow_symlinks=False)
    files = (path for path in destination.rglob("*") if path.is_file() and not path.is_symlink())
    run("strip", "--strip-unneeded", *(path for path in files if is_elf(path)))
