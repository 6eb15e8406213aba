"""Migration of the tables, from nothing and from each earlier version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.voices.address import open_backend
from server.voices.backend import Backend, Connection
from server.voices.schema import MIGRATIONS, NewerSchema, migrate

LATER = (*MIGRATIONS, ("ALTER TABLE openvoice_voices ADD COLUMN note {text}",))


@pytest.fixture
def backend(voices_address: str) -> Backend:
    return open_backend(voices_address, 5.0)


@pytest.fixture
def connection(backend: Backend) -> Iterator[Connection]:
    opened = backend.connect()
    yield opened
    opened.close()


def version(connection: Connection) -> int:
    (found,) = connection.execute("SELECT version FROM openvoice_schema").fetchall()
    return int(found[0])


def test_an_empty_database_gets_the_tables(connection: Connection, backend: Backend) -> None:
    migrate(connection, backend)
    migrate(connection, backend)
    assert version(connection) == len(MIGRATIONS)


def test_earlier_tables_keep_their_voices(connection: Connection, backend: Backend) -> None:
    migrate(connection, backend)
    connection.execute(
        "INSERT INTO openvoice_voices VALUES ('1', '', 'anna', 'm', NULL, 0, '', '[]', 0)"
    )
    migrate(connection, backend, LATER)
    assert version(connection) == len(LATER)
    rows = connection.execute("SELECT name, note FROM openvoice_voices").fetchall()
    assert [tuple(row) for row in rows] == [("anna", None)]


def test_a_failed_migration_changes_nothing(connection: Connection, backend: Backend) -> None:
    migrate(connection, backend)
    broken = (*LATER, ("ALTER TABLE nothing ADD COLUMN note {text}",))
    with pytest.raises(backend.errors):
        migrate(connection, backend, broken)
    assert version(connection) == len(MIGRATIONS)
    migrate(connection, backend, LATER)


def test_tables_of_a_newer_server_are_refused(connection: Connection, backend: Backend) -> None:
    migrate(connection, backend, LATER)
    with pytest.raises(NewerSchema, match="version 2, and this server knows 1 at most"):
        migrate(connection, backend)
