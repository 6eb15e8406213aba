"""A local HTTP server that plays the hub, and one that plays where it redirects to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Behaviour:
    """How the hub behaves; changed by tests between requests.

    Attributes:
        files: Content by path, `/owner/repository/resolve/main/...`.
        status: That every request gets instead of a file, or None.
        drops: Shares of a file after which the connection is closed, a request each.
        ranges: Whether range requests are honoured.
        redirect: Address that the file's path is put behind, or None.
        tag: Entity tag of every file.
        before: Called before every answer.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    status: int | None = None
    drops: list[float] = field(default_factory=list)
    ranges: bool = True
    redirect: str | None = None
    tag: str = '"1"'
    before: Callable[[], None] = lambda: None


@dataclass
class PlayedHub:
    """A running server.

    Attributes:
        address: `http://127.0.0.1:port`.
        behaviour: How it behaves.
        requests: Path and headers of each request so far.
    """

    address: str
    behaviour: Behaviour
    requests: list[tuple[str, dict[str, str]]]


@contextmanager
def play_hub() -> Iterator[PlayedHub]:
    """Run a hub until the block ends."""
    behaviour = Behaviour()
    requests: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            requests.append((self.path, dict(self.headers)))
            behaviour.before()
            self.close_connection = True
            if behaviour.status is not None:
                self._head(behaviour.status, {"Content-Length": "0"})
            elif behaviour.redirect is not None:
                location = behaviour.redirect + self.path
                self._head(302, {"Location": location, "Content-Length": "0"})
            elif self.path not in behaviour.files:
                self._head(404, {"Content-Length": "0"})
            else:
                self._send(behaviour.files[self.path])

        def _send(self, data: bytes) -> None:
            start = 0
            asked = self.headers.get("Range")
            current = self.headers.get("If-Range") == behaviour.tag
            if asked and current and behaviour.ranges:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start > len(data) - 1 and start:
                self._head(416, {"Content-Length": "0"})
                return
            headers = {"ETag": behaviour.tag, "Content-Length": str(len(data) - start)}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._head(206 if start else 200, headers)
            stop = round(behaviour.drops.pop(0) * len(data)) if behaviour.drops else len(data)
            # a client that refuses what it is told of closes first
            with suppress(ConnectionError):
                self.wfile.write(data[start:stop])

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            port = server.server_address[1]
            yield PlayedHub(f"http://127.0.0.1:{port}", behaviour, requests)
        finally:
            server.shutdown()
            thread.join()
