"""The API keys that a server accepts now, from its settings and from a file that may change."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from server.keys.key_file import KeyFileError, digest, read_keys
from server.settings import Settings, SettingsError

_log = logging.getLogger(__name__)

NAMELESS = ""
"""Stands for the single key of the settings, and for clients of a server without keys."""


class KeyRing:
    """Accepted keys; used from one event loop.

    Args:
        single: The key without a name, if any.
        path: The file of named keys, if any. It is read again whenever it has changed; where it
            cannot be, the keys read before stay.

    Raises:
        SettingsError: The file cannot be used.
    """

    def __init__(self, single: str | None, path: Path | None) -> None:
        self._single: dict[bytes, str] = {}
        if single is not None:
            self._single[digest(single.encode("utf-8", "surrogateescape"))] = NAMELESS
        self._path = path
        self._state: object = None
        self._named: Mapping[bytes, str] = {}
        if path is not None:
            self._state = _state_of(path)
            try:
                self._named = read_keys(path)
            except KeyFileError as error:
                raise SettingsError(f"api_keys: {error}") from None

    @classmethod
    def of(cls, settings: Settings) -> KeyRing | None:
        """Return the keys that the settings name; None where no key is needed.

        Raises:
            SettingsError: The file of keys cannot be used.
        """
        return cls(settings.api_key, settings.api_keys) if settings.needs_key else None

    def find(self, key: bytes) -> str | None:
        """Return a key's name, or None where the key is not accepted."""
        self._reread()
        # The time that a look-up takes tells something of the digest, from which no key follows.
        sent = digest(key)
        return self._single.get(sent, self._named.get(sent))

    def _reread(self) -> None:
        if self._path is None or (state := _state_of(self._path)) == self._state:
            return
        self._state = state
        try:
            self._named = read_keys(self._path)
        except KeyFileError as error:
            _log.error("the keys read before stay in force: %s", error)
            return
        names = sorted(set(self._named.values()))
        _log.info("keys read", extra={"keys": names})


def _state_of(path: Path) -> object:
    """Return what changes when the file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
