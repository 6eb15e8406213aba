"""`python -m runtime remove`: delete an installed model."""

import argparse
import tempfile
from pathlib import Path

from runtime.errors import InvalidBundle, InvalidOption
from runtime.manifest import MANIFEST
from runtime.models import DEFAULT_MODEL, is_model_name, models_folder

NAME = "remove"
HELP = "delete an installed model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("name", help="name of the model, as `models` lists it")


def run(options: argparse.Namespace) -> None:
    """Delete the model's folder."""
    folder = models_folder() / options.name
    if not is_model_name(options.name) or not (folder / MANIFEST).is_file():
        raise InvalidBundle(options.name, f"no model of that name is installed in {folder.parent}")
    if folder.resolve() == DEFAULT_MODEL:
        raise InvalidOption("name", options.name, "the compact model is part of the program")
    # renamed first, so that a server that starts meanwhile finds all of it or nothing
    with tempfile.TemporaryDirectory(prefix=f".{options.name}-", dir=folder.parent) as bin_folder:
        folder.rename(Path(bin_folder) / options.name)
    print(f"removed {folder}")
