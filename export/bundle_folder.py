"""Bundle folders on disk: written whole or not at all, with a manifest of what they hold."""

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.errors import OutputError
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER, Manifest

MANIFEST = "manifest.json"
MODEL_ID_DIGITS = 12


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a new folder that replaces another one if no error is raised meanwhile.

    Args:
        folder: Folder to replace; it may be missing, empty or a bundle.

    Yields:
        An empty folder beside it, to write into.

    Raises:
        OutputError: The folder cannot be written, or holds something that is not a bundle.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise OutputError(f"{folder} exists and is not a bundle; nothing was changed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        new, old = workplace / "new", workplace / "old"
        new.mkdir()
        yield new
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _is_replaceable(folder: Path) -> bool:
    """Whether a path is an empty folder or a bundle."""
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def write_manifest(manifest: Manifest, folder: Path) -> Manifest:
    """Write manifest.json beside the graphs, with the SHA-256 of each.

    Args:
        manifest: The manifest; its `files` and `model_id` are replaced.
        folder: Folder of the graphs.

    Returns:
        The manifest as written.
    """
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (TONE_ENCODER, TONE_CONVERTER)
    }
    complete = dataclasses.replace(
        manifest, files=digests, model_id=digests[TONE_ENCODER][:MODEL_ID_DIGITS]
    )
    content = {entry.name: getattr(complete, entry.name) for entry in dataclasses.fields(complete)}
    content["files"] = {name: {"sha256": digest} for name, digest in digests.items()}
    for name in ("quality", "look_back_frames", "look_ahead_frames"):
        content[name] = dict(content[name])
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return complete
