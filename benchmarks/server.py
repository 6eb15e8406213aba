"""`python -m server` in a child process, from the moment it is ready to the end of a block."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from types import TracebackType

from benchmarks.errors import BenchmarkError
from benchmarks.options import ROOT
from benchmarks.process import environment

_LOOPBACK = "127.0.0.1"
# Short, since it is the resolution of `ready_seconds`; each answer takes time from loading.
_POLL_SECONDS = 0.01
_READY_SECONDS = 120.0
_STOP_SECONDS = 30.0
_LOG_SHOWN = 2000


class Server:
    """A server in a child process: ready when the block begins, stopped when it ends.

    Args:
        module: Module that is run.
        settings: Options of `python -m server`, by name; host, port, log level and marking have
            defaults. Results are not marked, so that they can be compared with the library's.

    Attributes:
        url: Address that it listens on.
        pid: Process id.
        ready_seconds: Time from starting the process to its first 200 of /readyz.
    """

    def __init__(self, module: str = "server", /, **settings: object) -> None:
        self._port = _free_port()
        self.url = f"http://{_LOOPBACK}:{self._port}"
        self.pid = 0
        self.ready_seconds = 0.0
        defaults = {
            "host": _LOOPBACK,
            "port": self._port,
            "log_level": "warning",
            "marking": "none",
        }
        self._command = [sys.executable, "-m", module]
        for name, value in (defaults | settings).items():
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
        raise BenchmarkError(f"the server did not become ready; its log ends with:\n{said}")

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
