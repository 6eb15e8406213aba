"""The file of API keys: a line `name:SHA-256 of the key` for each."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_MOST_BYTES = 1 << 20
_KEY_BYTES = 32


class KeyFileError(ValueError):
    """The file of keys cannot be used. The message has none of its content, which may be a key."""


def digest(key: bytes) -> bytes:
    """Return what the file has of a key, as bytes."""
    return hashlib.sha256(key).digest()


def read_keys(path: Path) -> Mapping[bytes, str]:
    """Read a file of keys; empty lines and lines that begin with # are skipped.

    A name may stand in several lines, so that its key can be replaced without a gap.

    Returns:
        Names by digest.

    Raises:
        KeyFileError: The file cannot be read, or a line is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise KeyFileError(f"{path}: larger than {_MOST_BYTES} bytes")
    keys: dict[bytes, str] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, _, hexadecimal = (part.strip() for part in text.partition(":"))
        if not NAME.fullmatch(name) or not _DIGEST.fullmatch(hexadecimal):
            raise KeyFileError(f"{path}, line {number}: not name:SHA-256 of the key")
        if keys.setdefault(bytes.fromhex(hexadecimal), name) != name:
            raise KeyFileError(f"{path}, line {number}: the key has another name already")
    return keys


def make_key(name: str) -> tuple[str, str]:
    """Make a key.

    Args:
        name: Its name.

    Returns:
        The key, and its line for the file.

    Raises:
        ValueError: The name cannot be one.
    """
    if not NAME.fullmatch(name):
        raise ValueError("a name has 1 to 64 of the characters A-Z, a-z, 0-9, dot, _ and -")
    key = secrets.token_urlsafe(_KEY_BYTES)
    return key, f"{name}:{digest(key.encode()).hex()}"
