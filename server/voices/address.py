"""Where voices are kept, as an operator writes it: a file, or the address of a database."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from server.settings import SettingsError
from server.voices.backend import Backend

_POSTGRES = ("postgresql://", "postgres://")


def check_address(address: str) -> None:
    """Check an address before anything is opened.

    Raises:
        SettingsError: It names a kind of database that is not known or not installed.
    """
    if address.startswith(_POSTGRES):
        if importlib.util.find_spec("psycopg") is None:
            raise SettingsError(
                "voices: a postgresql:// address needs the extra `postgres`: "
                "pip install 'openvoice-onnx[postgres]'"
            )
    elif "://" in address:
        raise SettingsError(
            f"voices must be a file or a postgresql:// address, not {address.partition(':')[0]}://"
        )


def open_backend(address: str, wait_seconds: float) -> Backend:
    """Return the backend of an address that was checked; nothing is connected to yet."""
    # Imported here: most servers need only one of them, or none.
    if address.startswith(_POSTGRES):
        from server.voices.postgres import PostgresBackend

        return PostgresBackend(address, wait_seconds)
    from server.voices.sqlite import SqliteBackend

    return SqliteBackend(Path(address), wait_seconds)
