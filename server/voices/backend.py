"""What a database has to offer: connections, and where its SQL differs from the others'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Cursor(Protocol):
    """The rows that a statement gave."""

    @property
    def rowcount(self) -> int:
        """Number of rows that the statement changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""
        ...


class Connection(Protocol):
    """A connection that commits each statement by itself outside a transaction."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        """Execute a statement, in which `?` stands for a value."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Backend(Protocol):
    """A kind of database.

    Attributes:
        writers: Transactions that can write at once.
        begin: Statement that begins a transaction that writes.
        types: Names of column types: `text`, compared byte by byte, and `bytes`.
        find_schema: Statement that counts the tables named openvoice_schema.
        lock_schema: Statement that holds off other servers until the transaction ends; empty where
            `begin` does.
        errors: Base of the errors that the database raises.
    """

    writers: int
    begin: str
    types: Mapping[str, str]
    find_schema: str
    lock_schema: str
    errors: type[Exception]

    def connect(self) -> Connection:
        """Open a connection."""
        ...

    def check(self) -> None:
        """Check that earlier connections still lead to what the address names.

        Raises:
            OSError: They do not.
        """
        ...

    def is_lost(self, connection: Any) -> bool:
        """Return whether a connection that `connect` opened was lost."""
        ...

    def is_outage(self, error: Exception) -> bool:
        """Return whether an error of the backend means that the database cannot be used now."""
        ...
