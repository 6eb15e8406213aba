"""Installed models by name: the folder that holds them, and the one that ships with the program."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from runtime.errors import InvalidBundle
from runtime.manifest import MANIFEST

SHIPPED_MODELS = Path(__file__).resolve().parents[1] / "onnx_models"
DEFAULT_MODEL = SHIPPED_MODELS / "compact"
MODELS_VARIABLE = "OPENVOICE_MODELS"

_NAME = re.compile(r"\w[\w.-]*")
_PACKAGE_FOLDERS = {"site-packages", "dist-packages"}


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the folder that models are installed in.

    That is `OPENVOICE_MODELS` where it is set. In a checkout or an image it is `onnx_models` beside
    the code; where pip installed the code, which an upgrade replaces, it is
    `openvoice-onnx/models` in the user's data folder.
    """
    if chosen := environment.get(MODELS_VARIABLE):
        return Path(chosen)
    if not _PACKAGE_FOLDERS & set(SHIPPED_MODELS.parts):
        return SHIPPED_MODELS
    data = environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "openvoice-onnx" / "models"


def is_model_name(text: str) -> bool:
    """Tell whether text can be a model's name: letters, digits, hyphens, dots; no path."""
    return _NAME.fullmatch(text) is not None


def find_model(model: Path | str) -> Path:
    """Find a model folder.

    Args:
        model: The name of an installed model, or a path.

    Returns:
        The folder.

    Raises:
        InvalidBundle: there is no such folder.
    """
    if is_model_name(str(model)):
        for folder in (models_folder(), SHIPPED_MODELS):
            if (folder / model / MANIFEST).is_file():
                return folder / model
    path = Path(model)
    if path.is_dir():
        return path
    if not is_model_name(str(model)):
        raise InvalidBundle(path, "not a folder")
    raise InvalidBundle(
        path,
        f"not a folder, and no model of that name is installed in {models_folder()} "
        "(`python -m runtime models` lists them, `install` adds one)",
    )


def installed_models() -> list[Path]:
    """List the folders of installed models, the shipped ones included, by name."""
    found: dict[str, Path] = {}
    for folder in (SHIPPED_MODELS, models_folder()):
        for manifest in folder.glob(f"*/{MANIFEST}"):
            if is_model_name(manifest.parent.name):
                found[manifest.parent.name] = manifest.parent
    return [found[name] for name in sorted(found)]
