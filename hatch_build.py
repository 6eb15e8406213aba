"""Build hook: puts the checkout's top-level packages into a wheel under one import name.

The checkout keeps `runtime`, `server` and `client` at the top, where they import each other by
these names. Such names must not be claimed in someone's environment, so the wheel holds them as
subpackages of `openvoice_onnx`, and their absolute imports of one another are rewritten on the way
(`from runtime import wav` becomes `from openvoice_onnx.runtime import wav`). Data files are found
relative to the modules, which the move does not change. An editable install adds the checkout to
the path and rewrites nothing.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

IMPORT_NAME = "openvoice_onnx"
PACKAGES = ("runtime", "server", "client")
DATA = ("onnx_models/compact", "onnx_models/marking", "samples")


class WheelLayout(BuildHookInterface):  # type: ignore[type-arg]
    """Writes the wheel's files into a temporary folder and has the builder include that folder."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out the files, unless the build is of an editable install."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        self._folder = Path(tempfile.mkdtemp(prefix="openvoice-onnx-wheel-"))
        copy_package(root / IMPORT_NAME, self._folder)
        for name in PACKAGES:
            copy_package(root / name, self._folder / name)
        for name in DATA:
            shutil.copytree(root / name, self._folder / name, ignore=_NO_DATA)
        build_data["force_include"][str(self._folder)] = IMPORT_NAME

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)


_CACHES = shutil.ignore_patterns("__pycache__")
_NO_DATA = shutil.ignore_patterns("__pycache__", "*.py")


def copy_package(source: Path, destination: Path) -> None:
    """Copy a package, rewriting the imports in its modules."""
    shutil.copytree(source, destination, ignore=_CACHES, dirs_exist_ok=True)
    for module in destination.rglob("*.py"):
        module.write_text(rewrite_imports(module.read_text("utf-8"), str(module)), "utf-8")


def rewrite_imports(source: str, name: str) -> str:
    """Return a module's source with imports of `PACKAGES` moved below `IMPORT_NAME`.

    Args:
        source: The module's source.
        name: The module's name in error messages.

    Raises:
        ValueError: It imports a package in a form that cannot be moved (`import runtime.wav`
            binds the name `runtime`).
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
            raise ValueError(f"{name}:{node.lineno}: write `from ... import ...`")
        if isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            line = lines[node.lineno - 1].encode()
            start = node.col_offset + len(b"from ")
            moved = line[:start] + f"{IMPORT_NAME}.".encode() + line[start:]
            lines[node.lineno - 1] = moved.decode()
    return "".join(lines)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES
