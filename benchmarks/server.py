"""A server of this checkout in a process of its own, for as long as a benchmark needs it."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.options import ROOT, Options
from benchmarks.process import environment

_LOOPBACK = "127.0.0.1"
# each answer takes time from the loading that is waited for
_POLL_SECONDS = 0.01
_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LOG_SHOWN = 2000


class Server:
    """A running `python -m server`, ready when the block begins and ended when it ends.

    Attributes:
        url: where it listens.
        pid: of its process.
        ready_seconds: from starting the process to its first good answer of /readyz.
    """

    def __init__(self, model: Path, options: Options, **settings: Any) -> None:
        """Args:
        model: folder that it serves.
        options: provider and threads.
        settings: the server's own, by name.
        """
        self._port = _free_port()
        self.url = f"http://{_LOOPBACK}:{self._port}"
        self.pid = 0
        self.ready_seconds = 0.0
        values = {
            "host": _LOOPBACK,
            "port": self._port,
            "model": model.resolve(),
            "provider": options.provider,
            "log_level": "warning",
        }
        if options.threads is not None:
            values["threads"] = options.threads
        self._command = [sys.executable, "-m", "server"]
        for name, value in (values | settings).items():
            self._command += [f"--{name.replace('_', '-')}", str(value)]

    def __enter__(self) -> Server:
        self._log = tempfile.TemporaryFile()
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=environment(), stdout=self._log, stderr=subprocess.STDOUT
        )
        self.pid = self._process.pid
        try:
            self._await_ready()
        except BaseException:
            self._stop()
            raise
        self.ready_seconds = time.perf_counter() - started
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _await_ready(self) -> None:
        ends = time.monotonic() + _READY_SECONDS
        while self._process.poll() is None and time.monotonic() < ends:
            if _is_ready(self._port):
                return
            time.sleep(_POLL_SECONDS)
        self._log.seek(0)
        said = self._log.read().decode("utf-8", "replace")[-_LOG_SHOWN:]
        raise BenchmarkError(f"the server did not become ready; it said:\n{said}")

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(_LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
