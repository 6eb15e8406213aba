"""`python -m runtime models`: the models that are installed."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from runtime.errors import InvalidBundle
from runtime.manifest import MANIFEST, Manifest
from runtime.models import installed_models

NAME = "models"
HELP = "list the installed models: name, precision, size, licence, folder"

_HEADINGS = ("name", "precision", "size", "licence", "folder")
_LICENCE_WIDTH = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments: none."""


def run(options: argparse.Namespace) -> None:
    """Print a line a model."""
    rows = [_HEADINGS, *_rows()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def megabytes(folder: Path) -> str:
    """Give the size of a folder's files, for people to read."""
    return f"{sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.1f} MB"


def _rows() -> Iterator[tuple[str, ...]]:
    for folder in installed_models():
        try:
            manifest = Manifest.read(folder / MANIFEST)
        except InvalidBundle:
            yield folder.name, "damaged", megabytes(folder), "", str(folder)
        else:
            licence = manifest.licence
            if len(licence) > _LICENCE_WIDTH:
                licence = licence[: _LICENCE_WIDTH - 1] + "…"
            yield folder.name, manifest.precision, megabytes(folder), licence, str(folder)
