"""Where a bundle goes: it takes its place whole, or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.errors import OutputError

MANIFEST = "manifest.json"


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Gives a folder to write into that takes another's place once all has gone well.

    Args:
        folder: the place; nothing, an empty folder or a bundle may be there.

    Yields:
        A new folder beside it.

    Raises:
        OutputError: the place cannot be written, or is taken by something that is no bundle.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise OutputError(f"{folder} exists and is no bundle; it is left as it is")
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
    """Says whether a path holds nothing that would be missed."""
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))
