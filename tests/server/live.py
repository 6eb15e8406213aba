"""A server on a real socket, in a thread of the test's process."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from server.app import ServerParts, create_app
from server.inference.engine import Engine
from server.process.listener import DrainingServer, create_listener
from server.process.model_loader import ModelLoader
from server.settings import Marking, Settings
from tests.server.answer_check import AnswerCheck
from tests.server.fakes import FakeEngine


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
def live(
    engine: Engine, settings: Settings | None = None, marking: Marking = "none"
) -> Iterator[Live]:
    """Run a server in a thread until the block ends; its JSON answers are validated.

    Unless asked to, it does not mark results, which tests compare with what the engine gives.
    """
    settings = dataclasses.replace(settings or Settings(), marking=marking)
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
