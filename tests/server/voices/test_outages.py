"""A database that cannot be used is told apart from faults, and used again once it can be."""

from __future__ import annotations

import logging
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.messages.error import ApiError
from server.settings import SettingsError
from server.voices.address import check_address, open_backend
from server.voices.sqlite import SqliteBackend
from server.voices.store import VoiceStore
from tests.server.voices.test_store import TONE, names, new

WAIT_SECONDS = 0.3


class FullBackend(SqliteBackend):
    """A file that may not grow any more, as on a full disk."""

    def connect(self) -> sqlite3.Connection:
        connection = super().connect()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages or 100}")
        return connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voices.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[VoiceStore]:
    made = open_store(str(path))
    yield made
    made.close()


def open_store(address: str, wait_seconds: float = WAIT_SECONDS) -> VoiceStore:
    return VoiceStore(open_backend(address, wait_seconds), 100, wait_seconds)


@contextmanager
def unavailable(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Expect that an operation is refused for now, and that the log says so."""
    caplog.clear()
    with caplog.at_level(logging.WARNING), pytest.raises(ApiError) as caught:
        yield
    assert caught.value.code == "voices_unavailable"
    assert caught.value.headers["Retry-After"] == "2"
    assert caplog.records


async def test_a_folder_that_is_missing_may_come(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(str(tmp_path / "later" / "voices.db"))
    with unavailable(caplog):
        await store.add("", new())
    (tmp_path / "later").mkdir()
    await store.add("", new())
    store.close()


async def test_a_locked_file(
    path: Path, store: VoiceStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.add("", new())
    lock = sqlite3.connect(path, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    with unavailable(caplog):
        await store.add("", new("ben"))
    assert await names(store) == ["anna"]
    lock.execute("ROLLBACK")
    lock.close()
    await store.add("", new("ben"))


async def test_a_full_disk(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    earlier = open_store(str(path))
    await earlier.add("", new())
    earlier.close()
    store = VoiceStore(FullBackend(path, WAIT_SECONDS), 100, WAIT_SECONDS)
    with unavailable(caplog):
        await store.add("", new("ben", audio=(bytes(1 << 16),)))
    assert await names(store) == ["anna"]
    store.close()


async def test_a_file_that_is_no_database(
    path: Path, store: VoiceStore, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"no database at all, but a text that is long enough " * 100)
    with unavailable(caplog):
        await names(store)
    path.unlink()
    await store.add("", new())


async def test_a_file_that_was_deleted_is_not_made_anew(
    path: Path, store: VoiceStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.add("", new())
    hidden = path.with_name("hidden")
    path.rename(hidden)
    with unavailable(caplog):
        await store.add("", new("ben"))
    assert not path.exists()
    hidden.rename(path)
    assert await names(store) == ["anna"]


async def test_a_file_that_was_replaced_is_left_alone(
    path: Path, store: VoiceStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.add("", new())
    path.unlink()
    path.write_bytes(b"")
    with unavailable(caplog):
        await names(store)
    assert path.read_bytes() == b""


async def test_newer_tables_are_left_alone(
    path: Path, store: VoiceStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.add("", new())
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE openvoice_schema SET version = 99")
    connection.close()
    late = open_store(str(path))
    with unavailable(caplog):
        await names(late)
    assert "version 99" in caplog.text
    late.close()


async def test_only_the_owner_of_the_process_can_read_the_file(
    path: Path, store: VoiceStore
) -> None:
    await store.add("", new())
    for each in path.parent.glob("voices.db*"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


async def test_a_fault_of_a_statement_is_no_outage(store: VoiceStore) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        await store._read(lambda connection: connection.execute("SELECT ?", ()))
    await store.add("", new())


async def test_the_log_tells_of_it_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(str(tmp_path / "missing" / "voices.db"))
    store.open()
    store.close()
    assert "the voices cannot be reached" in caplog.text


async def test_a_postgresql_server_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("psycopg", reason="psycopg, of the extra postgres, is not installed")
    store = open_store("postgresql://someone:secret@127.0.0.1:1/voices")
    with unavailable(caplog):
        await names(store)
    assert "secret" not in caplog.text
    store.close()


async def test_a_postgresql_database_that_is_not_there(
    postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(f"{postgres}_missing")
    with unavailable(caplog):
        await names(store)
    store.close()


async def test_connections_that_broke_are_replaced(postgres_schema: str) -> None:
    import psycopg

    store = open_store(postgres_schema, 5.0)
    await store.add("", new())
    await names(store)
    with psycopg.connect(postgres_schema, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await names(store) == ["anna"]
    await store.add("", new("ben"))
    store.close()


async def test_a_postgresql_table_that_is_locked(
    postgres_schema: str, caplog: pytest.LogCaptureFixture
) -> None:
    import psycopg

    store = open_store(postgres_schema, 1.0)
    await store.add("", new())
    with psycopg.connect(postgres_schema) as lock:
        lock.execute("LOCK TABLE openvoice_voices")
        with unavailable(caplog):
            await names(store)
        with unavailable(caplog):
            await store.add("", new("ben"))
    assert await names(store) == ["anna"]
    assert (await store.tones("", ["anna"], "model-a"))["anna"].tone == TONE
    store.close()


@pytest.mark.parametrize("address", ["mysql://host/voices", "sqlite:///voices.db"])
def test_unknown_kinds_are_refused_at_start(address: str) -> None:
    with pytest.raises(SettingsError, match="must be a file or a postgresql://"):
        check_address(address)


def test_a_driver_that_is_missing_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    check_address("voices.db")
    with pytest.raises(SettingsError, match=r"openvoice-onnx\[postgres\]"):
        check_address("postgresql://host/voices")
