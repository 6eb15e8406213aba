"""The listening socket: opens before the model is loaded, drains on a signal, then ends."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Sequence
from types import FrameType

import uvicorn
from prometheus_client import disable_created_metrics
from starlette.types import ASGIApp

from runtime.errors import OpenVoiceError
from server.process.model_lifecycle import ModelLifecycle
from server.process.web_socket_protocol import BoundedWebSocketProtocol
from server.settings import Settings

_log = logging.getLogger(__name__)

LOAD_FAILED = 1
"""Exit status where the model could not be loaded."""

_KEEP_ALIVE_SECONDS = 75
"""Longer than reverse proxies keep theirs, so that they never send on a connection just closed."""


class DrainingServer(uvicorn.Server):
    """A uvicorn server that drains: after a signal it runs until no request is in hand.

    Args:
        config: Uvicorn's own settings.
        lifecycle: State of the model and requests in hand.
        drain_seconds: Longest wait for the requests in hand.
    """

    def __init__(
        self, config: uvicorn.Config, lifecycle: ModelLifecycle, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self.lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._drain_until = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to drain; a second signal ends the process at once."""
        if self.lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        self.lifecycle.drain()
        self._drain_until = time.monotonic() + self._drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; uvicorn asks several times a second."""
        lifecycle = self.lifecycle
        drained = not lifecycle.requests_in_hand or time.monotonic() > self._drain_until
        if lifecycle.failure is not None or (lifecycle.draining and drained):
            self.should_exit = True
        return await super().on_tick(counter)


def create_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return uvicorn's settings for an application."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ws=BoundedWebSocketProtocol,
        ws_max_size=settings.live_message_bytes,
        ws_ping_interval=settings.live_idle_seconds / 2,
        ws_ping_timeout=settings.live_idle_seconds / 2,
        # It would save little of PCM, and lets a small message become a large one.
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def create_listener(app: ASGIApp, lifecycle: ModelLifecycle, settings: Settings) -> DrainingServer:
    """Return a server for an application, which does not listen yet."""
    return DrainingServer(create_config(app, settings), lifecycle, settings.deadline_seconds)


def run(server: DrainingServer, sockets: Sequence[socket.socket] | None = None) -> int:
    """Listen and serve until a signal ends it.

    Args:
        server: The server.
        sockets: Sockets that listen already; without them, it opens its own.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT, 1 where the model could not be loaded.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    server.run(None if sockets is None else list(sockets))
    failure = server.lifecycle.failure
    if failure is None:
        return 0
    unexpected = None if isinstance(failure, OpenVoiceError) else failure
    _log.critical("the model could not be loaded: %s", failure, exc_info=unexpected)
    return LOAD_FAILED
