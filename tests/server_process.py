"""`python -m server` in a process of its own, as an operator runs it."""

from __future__ import annotations

import http.client
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0


class ServerProcess:
    """A server process, ended when the block ends.

    Args:
        arguments: Arguments of the command.
        environment: Variables added to those of this process, which keeps none of the server's.
        module: The module that is run.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        module: str = "server",
    ) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENVOICE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=clean | {"OPENVOICE_BIND": "127.0.0.1:0", **(environment or {})},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for_line(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
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

    def wait_until_ready(self) -> str:
        """Wait until it accepts requests, and return its address."""
        url = self.wait_for_url()
        end = time.monotonic() + START_SECONDS
        while not is_ready(url):
            assert time.monotonic() < end and self.process.poll() is None, "\n".join(self.lines)
            time.sleep(0.05)
        return url

    def end(self, seconds: float = START_SECONDS) -> int:
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


def is_ready(url: str) -> bool:
    """Return whether a server that listens accepts requests."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except TimeoutError:  # it listens, but no process of several has accepted yet
        return False
    finally:
        connection.close()
