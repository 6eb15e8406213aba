"""A server on a real socket, in a thread of the test's process or in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from server.app import ServerParts, create_app
from server.inference.engine import Engine
from server.process.listener import DrainingServer, create_listener
from server.process.model_loader import ModelLoader
from server.settings import Settings
from tests.server.answer_check import AnswerCheck
from tests.server.fakes import FakeEngine

ROOT = Path(__file__).parents[2]


class Live:
    """A server under test.

    Attributes:
        parts: Its parts.
        server: The running server.
        url: Where it listens.
        address: Host and port.
    """

    def __init__(self, parts: ServerParts, server: DrainingServer, port: int) -> None:
        self.parts = parts
        self.server = server
        self.address = ("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{port}"

    def client(self, **options: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=30)


@contextmanager
def live(engine: Engine, settings: Settings | None = None) -> Iterator[Live]:
    """Run a server in a thread until the block ends; its JSON answers are validated."""
    settings = settings or Settings()
    parts = ServerParts.create(settings, ModelLoader(lambda: engine))
    listener = socket.create_server(("127.0.0.1", 0))
    check = AnswerCheck(create_app(parts))
    server = create_listener(check, parts.lifecycle, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        running = Live(parts, server, listener.getsockname()[1])
        wait_until(lambda: parts.lifecycle.ready)
        if isinstance(engine, FakeEngine):
            engine.gate.drain_arrivals()
        yield running
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
    assert not thread.is_alive()
    assert check.violations == []


def wait_until(condition: object, seconds: float = 20) -> None:
    """Wait for a condition, a callable, to become true."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


class ServerProcess:
    """`python -m server` as an operator runs it.

    Args:
        arguments: Of the command.
        environment: Variables besides this process's.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENVOICE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", *arguments],
            cwd=ROOT,
            env=clean | {"OPENVOICE_BIND": "127.0.0.1:0", **(environment or {})},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for_line(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait for a line of the log."""
        end = time.monotonic() + seconds
        while True:
            line = self._fresh.get(timeout=max(0.01, end - time.monotonic()))
            assert line is not None, "\n".join(self.lines)
            if match := re.search(pattern, line):
                return match

    def wait_for_url(self) -> str:
        """Wait until it listens."""
        return self.wait_for_line(r"running on (http://[\d.:]+)")[1]

    def end(self, seconds: float = 60) -> int:
        """Wait for its end and return its exit status."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def logged(self) -> list[dict[str, object]]:
        """Return the lines of the log that are JSON objects."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            self._fresh.put(line)
        self._fresh.put(None)
