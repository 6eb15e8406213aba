"""The tables that voices are kept in, and their migration to the newest version."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from server.voices.backend import Backend, Connection

MIGRATIONS: Sequence[Sequence[str]] = (
    (
        # How many voices each owner has: counting them takes milliseconds where there are many.
        "CREATE TABLE openvoice_owners (owner {text} PRIMARY KEY, voices INTEGER NOT NULL)",
        """CREATE TABLE openvoice_voices (
            id {text} PRIMARY KEY,
            owner {text} NOT NULL,
            name {text} NOT NULL,
            model_id {text} NOT NULL,
            seconds DOUBLE PRECISION,
            clips INTEGER NOT NULL,
            created {text} NOT NULL,
            warnings {text} NOT NULL,
            has_audio INTEGER NOT NULL,
            UNIQUE (owner, name)
        )""",
        # A tone for each model, so that servers with different models can share the voices.
        """CREATE TABLE openvoice_tones (
            voice {text} NOT NULL REFERENCES openvoice_voices (id) ON DELETE CASCADE,
            model_id {text} NOT NULL,
            tone {bytes} NOT NULL,
            PRIMARY KEY (voice, model_id)
        )""",
        """CREATE TABLE openvoice_clips (
            voice {text} NOT NULL REFERENCES openvoice_voices (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            data {bytes} NOT NULL,
            PRIMARY KEY (voice, position)
        )""",
    ),
)
"""The statements that lead from each version to the next; version 0 is an empty database."""


class NewerSchema(Exception):
    """A newer server has migrated the tables to a version that this one does not know.

    Args:
        version: Version of the tables.
        known: Newest version that this server knows.
    """

    def __init__(self, version: int, known: int) -> None:
        super().__init__(
            f"the voices' tables have version {version}, and this server knows {known} at most; "
            "update it"
        )


def migrate(
    connection: Connection, backend: Backend, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Bring the tables to the newest version, in one transaction.

    Args:
        connection: Connection to the database.
        backend: Kind of the database.
        migrations: Statements that lead from each version to the next.

    Raises:
        NewerSchema: The tables have a version that is not known.
    """
    known = len(migrations)
    if _version(connection, backend, known) == known:
        return
    connection.execute(backend.begin)
    try:
        if backend.lock_schema:
            connection.execute(backend.lock_schema)
        # Read again: another server may have migrated them meanwhile.
        version = _version(connection, backend, known)
        if version is None:
            connection.execute("CREATE TABLE openvoice_schema (version INTEGER NOT NULL)")
            connection.execute("INSERT INTO openvoice_schema (version) VALUES (0)")
        for statements in migrations[version or 0 :]:
            for statement in statements:
                connection.execute(statement.format_map(backend.types))
        connection.execute("UPDATE openvoice_schema SET version = ?", (known,))
        connection.execute("COMMIT")
    except BaseException:
        with suppress(backend.errors):
            connection.execute("ROLLBACK")
        raise


def _version(connection: Connection, backend: Backend, known: int) -> int | None:
    if not connection.execute(backend.find_schema).fetchone()[0]:
        return None
    version: int = connection.execute("SELECT version FROM openvoice_schema").fetchone()[0]
    if version > known:
        raise NewerSchema(version, known)
    return version
