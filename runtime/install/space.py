"""Room on the disk, asked for before anything is written."""

import shutil
from pathlib import Path

from runtime.install.errors import NotEnoughSpace

# What a file system takes for names and blocks besides the bytes themselves.
SPARE_BYTES = 1 << 20


def require_space(folder: Path, needed_bytes: int) -> None:
    """See that a disk has room.

    Args:
        folder: A place on the disk; it need not exist yet.
        needed_bytes: What will be written.

    Raises:
        NotEnoughSpace: there is less.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed_bytes + SPARE_BYTES:
        raise NotEnoughSpace(folder, needed_bytes + SPARE_BYTES, free)
