"""A PostgreSQL server for tests: on a free port, in a temporary folder, as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30.0
_USERS = ("postgres", "nobody")
"""Users to run it as where the tests run as root, which it refuses."""


def find_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def serve() -> Iterator[str]:
    """Run a server during the block, and give the address of a database."""
    programs = find_programs()
    assert programs is not None
    user = _ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="openvoice-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    port = _free_port()
    initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "openvoice", "-A", "trust"]
    subprocess.run(
        [*initdb, "--no-locale", "-E", "UTF8", "--no-sync"],
        user=user,
        cwd=folder,
        capture_output=True,
        check=True,
    )
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-p", str(port), *options],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(programs, port, folder / "log")
        yield f"postgresql://openvoice@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        process.wait()
        shutil.rmtree(folder)


def _ordinary_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(user for user in _USERS if user in names)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_until_ready(programs: Path, port: int, log: Path) -> None:
    asks: list[str | Path] = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    end = time.monotonic() + START_SECONDS
    while subprocess.run(asks, check=False).returncode:
        assert time.monotonic() < end, log.read_text("utf-8", "replace")
        time.sleep(0.05)
