"""One server process of several on a port: what it is given, and its listener."""

from __future__ import annotations

import multiprocessing
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from server.process.listener import DrainingServer
from server.process.model_lifecycle import ModelLifecycle

QUEUE = 2048
"""Connections that the kernel keeps until a process accepts them."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a process of a group is given.

    Args:
        sockets: Listening sockets, shared by all processes.
        metrics_folder: Folder of the files that the metrics of all processes are in.
        is_replacement: Whether it replaces a process that died; it then listens only once its
            model is loaded, because the other processes are there meanwhile.
    """

    sockets: Sequence[socket.socket]
    metrics_folder: Path
    is_replacement: bool


class MemberServer(DrainingServer):
    """A server on a shared socket; drains when its parent has died.

    Args:
        config: Uvicorn's own settings.
        lifecycle: State of the model and requests in hand.
        drain_seconds: Longest wait for the requests in hand.
        refresh_metrics: Called several times a second, so that other processes tell what is so.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        lifecycle: ModelLifecycle,
        drain_seconds: float,
        refresh_metrics: Callable[[], None],
    ) -> None:
        # asyncio accepts as many connections at a time as the queue is long, so that one process
        # would take a whole burst while the others stay idle.
        config.backlog = 1
        super().__init__(config, lifecycle, drain_seconds)
        self._refresh_metrics = refresh_metrics

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections, one at a time, from a queue of the usual length."""
        await super().startup(sockets)
        for shared in sockets or ():
            shared.listen(QUEUE)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; uvicorn asks several times a second."""
        self._refresh_metrics()
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive() and not self.lifecycle.draining:
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)
