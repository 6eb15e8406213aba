"""PostgreSQL: voices that several servers share. Needs the extra `postgres` (psycopg 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg

from server.voices.backend import Cursor

_LOCK = 0x6F70656E766F6963
"""Key of the advisory lock for migrations: `openvoic` in ASCII."""


class PostgresConnection:
    """A connection of psycopg, for statements with `?` in place of values.

    Args:
        connection: The connection, which commits each statement by itself.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        """Execute a statement."""
        return self._connection.execute(_with_placeholders(statement), values)

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, by whichever side."""
        return self._connection.closed

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PostgresBackend:
    """A PostgreSQL database.

    Args:
        address: Its `postgresql://` address.
        wait_seconds: Longest wait for a connection, and for a statement.
    """

    writers = 4
    begin = "BEGIN"
    types: Mapping[str, str] = {"text": 'TEXT COLLATE "C"', "bytes": "BYTEA"}
    find_schema = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('openvoice_schema')"
    lock_schema = f"SELECT pg_advisory_xact_lock({_LOCK})"
    errors: type[Exception] = psycopg.Error

    def __init__(self, address: str, wait_seconds: float) -> None:
        self._address = address
        self._wait_seconds = wait_seconds

    def connect(self) -> PostgresConnection:
        """Open a connection on which nothing waits for longer than was allowed."""
        milliseconds = math.ceil(1000 * self._wait_seconds)
        connection = psycopg.connect(
            self._address,
            autocommit=True,
            # A pooler that hands out a connection a transaction knows no prepared statements.
            prepare_threshold=None,
            connect_timeout=math.ceil(self._wait_seconds),
            tcp_user_timeout=milliseconds,
        )
        try:
            limit = (str(milliseconds),)
            connection.execute("SELECT set_config('statement_timeout', %s, false)", limit)
        except BaseException:
            connection.close()
            raise
        return PostgresConnection(connection)

    def check(self) -> None:
        """Do nothing: connections lead to the database for as long as they are open."""

    def is_lost(self, connection: PostgresConnection) -> bool:
        """Return whether the server has closed a connection, or cannot be reached any more."""
        return connection.closed

    def is_outage(self, error: Exception) -> bool:
        """Return whether the database is unreachable, refuses or lacks what it should have."""
        return isinstance(
            error,
            psycopg.OperationalError
            | psycopg.InterfaceError
            | psycopg.InternalError
            | psycopg.errors.InsufficientPrivilege
            | psycopg.errors.UndefinedTable,
        )


@cache
def _with_placeholders(statement: str) -> str:
    return statement.replace("?", "%s")
