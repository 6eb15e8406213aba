"""A bundle's manifest, and its place on disk: taken whole or not at all."""

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runtime.install.errors import PlaceTaken
from runtime.manifest import MANIFEST, TONE_CONVERTER, TONE_ENCODER, Manifest

MODEL_ID_DIGITS = 12


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that takes another's place once all has gone well.

    Args:
        folder: The place; nothing, an empty folder or a bundle may be there.

    Yields:
        A new folder beside it.

    Raises:
        PlaceTaken: the place cannot be written, or is taken by something that is no bundle.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise PlaceTaken(folder, "exists and is no bundle; it is left as it is")
    made: list[Path] = []
    try:
        made = _make_folders(folder.parent)
        workplace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise PlaceTaken(folder, f"cannot be written: {error.strerror}") from error
    try:
        new, old = workplace / "new", workplace / "old"
        new.mkdir()
        yield new
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError as error:
            raise PlaceTaken(folder, f"cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
        for parent in reversed(made):
            # only those that are still empty: nothing of a failed attempt is left behind
            if not any(parent.iterdir()):
                parent.rmdir()


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and its parents; return those that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _is_replaceable(folder: Path) -> bool:
    """Tell whether a path holds nothing that would be missed."""
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def write_manifest(manifest: Manifest, folder: Path) -> Manifest:
    """Write manifest.json beside the graphs that it vouches for.

    Args:
        manifest: Complete but for `files` and `model_id`.
        folder: Holds the graphs.

    Returns:
        The manifest as written.
    """
    digests = {name: file_sha256(folder / name) for name in (TONE_ENCODER, TONE_CONVERTER)}
    complete = dataclasses.replace(
        manifest, files=digests, model_id=digests[TONE_ENCODER][:MODEL_ID_DIGITS]
    )
    content = {
        entry.name: _plain(getattr(complete, entry.name)) for entry in dataclasses.fields(complete)
    }
    content["files"] = {name: {"sha256": digest} for name, digest in digests.items()}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return complete


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def file_sha256(path: Path) -> str:
    """Hash a file of any size in little memory, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
