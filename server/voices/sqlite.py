"""SQLite: voices in one file, for servers on one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

_STATEMENT_FAULTS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)
_RETRY_SECONDS = 0.01


class SqliteBackend:
    """A SQLite file, which is made when it is first connected to.

    Args:
        path: The file. Its folder must exist.
        lock_seconds: Longest wait for a lock of another process.
    """

    writers = 1
    begin = "BEGIN IMMEDIATE"
    types: Mapping[str, str] = {"text": "TEXT", "bytes": "BLOB"}
    find_schema = "SELECT count(*) FROM sqlite_schema WHERE name = 'openvoice_schema'"
    lock_schema = ""
    errors: type[Exception] = sqlite3.Error

    def __init__(self, path: Path, lock_seconds: float) -> None:
        self._path = path.absolute()
        self._lock_seconds = lock_seconds
        self._identity: tuple[int, int] | None = None

    def connect(self) -> sqlite3.Connection:
        """Open a connection whose transactions survive the machine's crash once committed."""
        # The first time only: later, a missing file is a loss that an empty one would hide.
        if self._identity is None:
            # A voice is personal: the file, and those that SQLite makes beside it, are private.
            with open(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600), "rb"):
                pass
        connection = sqlite3.connect(
            self._path.as_uri() + "?mode=rw",
            uri=True,
            timeout=self._lock_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._write_ahead(connection)
            for pragma in ("synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        self._identity = self._find()
        return connection

    def check(self) -> None:
        """Check that the file is still the one that was first connected to.

        Connections would go on writing to a file that was deleted, and connecting to one that has
        taken its place would mix it with what SQLite keeps beside the old one.

        Raises:
            OSError: It is not.
        """
        if self._identity not in (None, self._find()):
            raise OSError(f"{self._path} was deleted or replaced while it was in use")

    def is_lost(self, connection: sqlite3.Connection) -> bool:
        """Return False: a connection to a file is not lost."""
        return False

    def is_outage(self, error: Exception) -> bool:
        """Return whether the file is locked, full, damaged, missing or not to be written."""
        if isinstance(error, OSError):
            return True
        return isinstance(error, sqlite3.Error) and not isinstance(error, _STATEMENT_FAULTS)

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Switch the file to a write-ahead log, for which SQLite does not wait by itself."""
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def _find(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
