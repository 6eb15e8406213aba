"""Collects what the server runs on into one folder for each layer of an image.

Dockerfile.cpu runs it (`python -m deploy.image.assemble /image`) in its build stage, as root, where
Python is in /usr/local and the server in the environment /opt/venv. It copies Python without what
a server never runs, the environment in two layers (dependencies, then the server and its model),
and those Debian packages whose shared libraries all of these link to. There is no shell, pip or
apt in the result. Times of files are set to one value and bytecode does not depend on them, so
that a layer whose content did not change keeps its digest.
"""

from __future__ import annotations

import os
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from deploy.image.contents import (
    DEBIAN_FILES,
    DEBIAN_PACKAGES,
    GROUP,
    LEFT_OUT_OF_DEBIAN,
    LEFT_OUT_OF_PACKAGES,
    LEFT_OUT_OF_PYTHON,
    LEFT_OUT_UNLESS_TRACED,
    TAKEN_FROM_DEBIAN,
    USER,
)

PREFIX = Path("/usr/local")
ENVIRONMENT = Path("/opt/venv")
OURS = ("openvoice_onnx", "openvoice_onnx-*")
COMMAND = "openvoice-onnx"
# Program for the environment's Python: imports all that a server may, and prints where from.
IMPORT_EVERYTHING = """
import importlib, importlib.util, pkgutil, sys
import openvoice_onnx

for extra in ("av", "psycopg"):
    if importlib.util.find_spec(extra):
        importlib.import_module(extra)
for found in pkgutil.walk_packages(openvoice_onnx.__path__, "openvoice_onnx."):
    # The client needs httpx, which an image does not have.
    if not found.name.endswith("__main__") and ".client" not in found.name:
        importlib.import_module(found.name)
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""
EMPTY_FOLDERS = ("dev", "home", "proc", "run", "sys", "tmp", "var/tmp")
EPOCH_SECONDS = int(os.environ.get("SOURCE_DATE_EPOCH", "946684800"))


def is_left_out(path: PurePosixPath, patterns: Iterable[str]) -> bool:
    """Tell whether a relative path, or a folder above it, matches a pattern.

    Args:
        path: The path, relative to the folder that the patterns are for.
        patterns: Patterns as in contents.py; `*` also matches slashes, as in fnmatch.
    """
    parts = path.parts
    prefixes = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    return any(fnmatch(prefix, pattern) for prefix in prefixes for pattern in patterns)


def kept_files(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Yield the files and links below a folder that are not left out, without bytecode."""
    chosen = (*patterns, "*__pycache__", "*.pyc")
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        left_out = is_left_out(PurePosixPath(path.relative_to(folder)), chosen)
        if not left_out and not is_source_of_extension(path):
            yield path


def is_source_of_extension(path: Path) -> bool:
    """Tell whether a module's source lies beside its compiled extension, which Python prefers."""
    return path.suffix == ".py" and any(path.parent.glob(f"{path.stem}.*.so"))


def copy_to(root: Path, path: Path) -> None:
    """Copy a file or link to the same place below `root`, through no link on the way."""
    place = path.parent.resolve() / path.name
    destination = root / place.relative_to("/")
    destination.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(destination):
        shutil.copy2(place, destination, follow_symlinks=False)


def linked_libraries(files: Iterable[Path]) -> set[Path]:
    """Find the shared libraries that files link to, directly or not.

    Raises:
        FileNotFoundError: One of them is nowhere.
    """
    binaries = [path for path in files if not path.is_symlink() and is_elf(path)]
    if not binaries:
        return set()
    listing = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    if missing := re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE):
        raise FileNotFoundError(f"libraries that are nowhere: {', '.join(sorted(set(missing)))}")
    return {Path(name) for name in re.findall(r"(/\S+) \(0x", listing)}


def is_elf(path: Path) -> bool:
    """Tell whether a file is a program or a shared library."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def replacements(files: Iterable[Path], site_packages: Path) -> dict[Path, Path]:
    """Pair files of the environment with the libraries of Debian that replace them.

    Raises:
        FileNotFoundError: Debian's library is not installed.
    """
    listing = subprocess.run(
        ["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True
    ).stdout
    installed = dict(re.findall(r"^\s*(\S+) .*=> (\S+)$", listing, re.MULTILINE))
    found = {}
    for path in files:
        for pattern, name in TAKEN_FROM_DEBIAN.items():
            if fnmatch(str(path.relative_to(site_packages)), pattern):
                if name not in installed:
                    raise FileNotFoundError(f"no Debian library {name} is installed")
                found[path] = Path(installed[name]).resolve()
    return found


def packages_of(libraries: Iterable[Path]) -> set[str]:
    """Name the Debian packages that libraries belong to.

    Raises:
        FileNotFoundError: No package has a library of that path.
    """
    found = set()
    for library in libraries:
        names = {str(library), str(library.resolve())}
        # Debian 12 lists libraries below /lib, which is a link to /usr/lib.
        names |= {name.removeprefix("/usr") for name in names} | {f"/usr{name}" for name in names}
        done = subprocess.run(
            ["dpkg-query", "--search", *sorted(names)], capture_output=True, text=True, check=False
        )
        if not done.stdout:
            raise FileNotFoundError(f"no Debian package has {library}")
        found |= {line.split(":")[0] for line in done.stdout.splitlines()}
    return found


def copy_packages(root: Path, packages: Iterable[str]) -> None:
    """Copy the files of Debian packages, and what dpkg knows of them for scanners and the SBOM."""
    status = []
    for package in sorted(packages):
        listing = subprocess.run(
            ["dpkg-query", "--listfiles", package], capture_output=True, text=True, check=True
        )
        for path in map(Path, listing.stdout.splitlines()):
            left_out = any(fnmatch(str(path), pattern) for pattern in LEFT_OUT_OF_DEBIAN)
            if not left_out and (path.is_symlink() or path.is_file()):
                copy_to(root, path)
        entry = subprocess.run(
            ["dpkg-query", "--status", package], capture_output=True, text=True, check=True
        )
        status.append(entry.stdout)
    database = root / "var" / "lib" / "dpkg" / "status"
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_text("\n".join(status), "utf-8")


def copy_system(root: Path, standard_library: Path, linking: Iterable[Path]) -> None:
    """Copy Python, what it and `linking` link to, and the files that any program expects.

    Args:
        root: The layer's folder.
        standard_library: Python's folder of modules, such as /usr/local/lib/python3.12.
        linking: Other files of the image, of which some are shared libraries.
    """
    version = standard_library.name
    programs = [PREFIX / "bin" / name for name in ("python", "python3", version)]
    python = [
        *programs,
        *sorted((PREFIX / "lib").glob("libpython*.so*")),
        *kept_files(standard_library, LEFT_OUT_OF_PYTHON),
    ]
    for path in python:
        copy_to(root, path)
    inside = {PREFIX, ENVIRONMENT}
    linking = [*python, *linking]
    libraries = {
        path for path in {*linking, *linked_libraries(linking)} if not inside & set(path.parents)
    }
    for folder in ("bin", "lib", "lib64", "sbin"):  # links into /usr
        if Path("/", folder).is_symlink():
            copy_to(root, Path("/", folder))
    copy_packages(root, packages_of(libraries) | set(DEBIAN_PACKAGES))
    for name in DEBIAN_FILES:
        copy_to(root, Path(name))
    with (root / "etc" / "passwd").open("a") as users, (root / "etc" / "group").open("a") as groups:
        users.write(USER)
        groups.write(GROUP)
    for folder in EMPTY_FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for folder in ("tmp", "var/tmp"):
        (root / folder).chmod(0o1777)


def imported_files() -> set[Path]:
    """Find the sources of the modules that a server imports, in this root."""
    listing = subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-c", IMPORT_EVERYTHING],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {Path(name) for name in listing.stdout.splitlines() if name.endswith(".py")}


def compile_modules(root: Path, sources: Iterable[Path]) -> None:
    """Compile those modules of a layer that are imported, as a read-only root keeps no bytecode.

    Args:
        root: The layer's folder.
        sources: Absolute paths of modules, of which those below `root` are compiled.
    """
    for source in sources:
        place = root / source.relative_to("/")
        if place.exists():
            py_compile.compile(
                str(place),
                dfile=str(source),
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


def set_times(root: Path) -> None:
    """Set the times of everything below a folder to `EPOCH_SECONDS`."""
    for path in [root, *root.rglob("*")]:
        os.utime(path, (EPOCH_SECONDS, EPOCH_SECONDS), follow_symlinks=False)


def main(image: Path) -> None:
    """Write the layers system, packages and application below `image`."""
    standard_library = Path(os.__file__).parent
    site_packages = ENVIRONMENT / "lib" / standard_library.name / "site-packages"
    traced = (site_packages / "opentelemetry").is_dir()
    left_out = LEFT_OUT_OF_PACKAGES + (() if traced else LEFT_OUT_UNLESS_TRACED)
    installed = list(kept_files(site_packages, left_out))
    replaced = replacements(installed, site_packages)
    installed = [path for path in installed if path not in replaced]
    ours = [path for path in installed if is_ours(path.relative_to(site_packages))]
    programs = sorted((ENVIRONMENT / "bin").glob("python*"))
    others = sorted(set(installed) - set(ours))
    copy_system(image / "system", standard_library, [*installed, *replaced.values()])
    for path in (ENVIRONMENT / "pyvenv.cfg", *programs, *others):
        copy_to(image / "packages", path)
    for path, library in replaced.items():
        (image / "packages" / path.relative_to("/")).symlink_to(library)
    for path in (ENVIRONMENT / "bin" / COMMAND, *ours):
        copy_to(image / "application", path)
    imported = imported_files()
    for layer in ("system", "packages", "application"):
        compile_modules(image / layer, imported)
        set_times(image / layer)


def is_ours(path: Path) -> bool:
    """Tell whether a path relative to site-packages belongs to this project's wheel."""
    return any(fnmatch(path.parts[0], pattern) for pattern in OURS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
