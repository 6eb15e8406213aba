"""Connections to a database of voices: opened when needed, reused, and replaced when they break."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from server.voices.backend import Backend, Connection
from server.voices.schema import migrate

T = TypeVar("T")


@dataclass(slots=True)
class _Open:
    """An open connection, and whether it was opened for the operation that uses it."""

    connection: Connection
    is_fresh: bool


class Database:
    """Runs operations on connections; used from several threads.

    Args:
        backend: Kind of the database.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._idle: list[_Open] = []
        self._closed = False
        self._lock = threading.Lock()

    def read(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that only reads.

        Raises:
            Exception: What the operation, the backend and the migration raise.
        """
        while True:
            opened = self._take()
            try:
                result = operation(opened.connection)
            except self.backend.errors:
                if not self._discard(opened):
                    raise
            except BaseException:
                self._give_back(opened)
                raise
            else:
                self._give_back(opened)
                return result

    def write(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation in a transaction, which is durable once this returns.

        Raises:
            Exception: What the operation, the backend and the migration raise; then nothing was
                written, unless the connection broke while the transaction was committed.
        """
        opened = self._begin()
        connection = opened.connection
        try:
            result = operation(connection)
            connection.execute("COMMIT")
        except self.backend.errors:
            self._discard(opened)
            raise
        except BaseException:
            with suppress(self.backend.errors):
                connection.execute("ROLLBACK")
            self._give_back(opened)
            raise
        self._give_back(opened)
        return result

    def close(self) -> None:
        """Close the connections; those in use are closed when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for opened in idle:
            self._discard(opened)

    def _begin(self) -> _Open:
        while True:
            opened = self._take()
            try:
                opened.connection.execute(self.backend.begin)
            except self.backend.errors:
                if not self._discard(opened):
                    raise
            else:
                return opened

    def _take(self) -> _Open:
        self.backend.check()
        with self._lock:
            opened = self._idle.pop() if self._idle else None
        if opened is not None:
            opened.is_fresh = False
            return opened
        connection = self.backend.connect()
        try:
            migrate(connection, self.backend)
        except BaseException:
            connection.close()
            raise
        return _Open(connection, is_fresh=True)

    def _give_back(self, opened: _Open) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(opened)
                return
        self._discard(opened)

    def _discard(self, opened: _Open) -> bool:
        """Close a connection; return whether it was lost while it was idle.

        That happens when the database's server restarts, and says nothing of another connection.
        """
        was_lost = not opened.is_fresh and self.backend.is_lost(opened.connection)
        with suppress(self.backend.errors):
            opened.connection.close()
        return was_lost
