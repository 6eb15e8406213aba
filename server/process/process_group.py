"""Several server processes on one port: started, replaced when they die, drained together.

The parent opens the port and serves nothing itself. The processes accept connections from the one
queue of its socket, so that those which wait there outlive a process that dies.
"""

from __future__ import annotations

import dataclasses
import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from runtime.sessions import available_cpus
from server.process.group_member import QUEUE, Member
from server.process.listener import LOAD_FAILED
from server.settings import Settings

ServeMember: TypeAlias = Callable[[Settings, Member], int]

_log = logging.getLogger(__name__)

_NO_ADDRESS = 1
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SHARED_MEMORY = Path("/dev/shm")
_RESTART_SECONDS = 1.0
"""Least time between two starts of a process, so that one that cannot start is no busy loop."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ProcessGroup:
    """The parent of the processes.

    Args:
        settings: The settings of all processes.
        serve: Serves in a process of its own and returns its exit status; found by its name there.
    """

    def __init__(self, settings: Settings, serve: ServeMember) -> None:
        self._settings = share_cpus(settings)
        self._serve = serve
        self._members: list[tuple[SpawnProcess, Member, float]] = []
        self._stopping = False

    def run(self) -> int:
        """Serve until a signal ends it.

        Returns:
            The exit status: 0 after SIGTERM or SIGINT, 1 where the model could not be loaded or
            the address cannot be listened on.
        """
        settings = self._settings
        try:
            listener = _listen(settings)
        except OSError as error:
            _log.critical("cannot listen on %s port %d: %s", settings.host, settings.port, error)
            return _NO_ADDRESS
        with listener, _metrics_folder() as folder, self._signals():
            for _ in range(settings.processes):
                self._start(Member([listener], folder, is_replacement=False))
            return self._watch()

    def _watch(self) -> int:
        status = 0
        while self._members:
            wait([process.sentinel for process, _, _ in self._members])
            for entry in [entry for entry in self._members if not entry[0].is_alive()]:
                self._members.remove(entry)
                process, member, started = entry
                process.join()
                _forget_gauges(process.pid, member.metrics_folder)
                if self._is_stopping():
                    continue
                if process.exitcode == LOAD_FAILED and not member.is_replacement:
                    status = LOAD_FAILED
                    self._stop(signal.SIGTERM, None)
                    continue
                _log.error(
                    "a server process died and is replaced",
                    extra={"died": process.pid, "exit_status": process.exitcode},
                )
                time.sleep(max(0.0, started + _RESTART_SECONDS - time.monotonic()))
                self._start(dataclasses.replace(member, is_replacement=True))
        return status

    def _start(self, member: Member) -> None:
        if self._is_stopping():
            return
        process = multiprocessing.get_context("spawn").Process(
            target=_run, args=(self._serve, self._settings, member)
        )
        process.start()
        self._members.append((process, member, time.monotonic()))
        if self._is_stopping():  # by a signal that came while it was started
            process.terminate()

    def _is_stopping(self) -> bool:
        return self._stopping

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Pass a signal on: the first lets the processes drain, a second one ends them at once."""
        self._stopping = True
        for process, _, _ in self._members:
            process.terminate()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def share_cpus(settings: Settings) -> Settings:
    """Return the settings with each process's share of the CPUs as its number of threads."""
    if settings.threads is not None:
        return settings
    return dataclasses.replace(settings, threads=max(1, available_cpus() // settings.processes))


def _run(serve: ServeMember, settings: Settings, member: Member) -> None:
    # The terminal's Ctrl+C then reaches the parent alone, which passes it on once.
    os.setpgrp()
    sys.exit(serve(settings, member))


def _listen(settings: Settings) -> socket.socket:
    """Open the port; connections wait in its queue until a process accepts them."""
    is_ipv6 = ":" in settings.host
    listener = socket.create_server(
        (settings.host, settings.port),
        family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
        backlog=QUEUE,
    )
    host = f"[{settings.host}]" if is_ipv6 else settings.host
    port, processes = listener.getsockname()[1], settings.processes
    _log.info("%d processes running on http://%s:%d", processes, host, port)
    return listener


@contextmanager
def _metrics_folder() -> Iterator[Path]:
    """Make the folder of the shared metrics, in memory where the system has such a place.

    The processes are told of it by their environment, because prometheus-client reads that when it
    is imported.
    """
    place = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="openvoice-metrics-", dir=place) as folder:
        os.environ[_METRICS_FOLDER] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[_METRICS_FOLDER]


def _forget_gauges(pid: int | None, folder: Path) -> None:
    """Remove what a process that has ended said of itself; what it counted stays."""
    for file in folder.glob(f"gauge_live*_{pid}.db"):
        with suppress(FileNotFoundError):
            file.unlink()
