"""The process: a listener that opens first, a model that loads behind it, an orderly end."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from types import FrameType

import uvicorn
from prometheus_client import disable_created_metrics

from runtime import VoiceCloner
from runtime.errors import OpenVoiceError
from server.app import create_app
from server.service import Service
from server.settings import Settings

_log = logging.getLogger(__name__)

_LOAD_FAILED = 1

_KEEP_ALIVE_SECONDS = 75
"""Longer than reverse proxies keep theirs, so that they never send on a connection just closed."""


class DrainingServer(uvicorn.Server):
    """A server that, told to end, refuses work but keeps answering until none is in hand.

    Args:
        config: Uvicorn's.
        service: Whose requests are in hand.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._drain_until = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second signal ends at once."""
        lifecycle = self._service.lifecycle
        if lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        lifecycle.drain()
        self._drain_until = time.monotonic() + self._service.settings.deadline_seconds

    async def on_tick(self, counter: int) -> bool:
        """Say, several times a second, whether to end."""
        lifecycle = self._service.lifecycle
        drained = not lifecycle.in_hand or time.monotonic() > self._drain_until
        if lifecycle.failure is not None or (lifecycle.draining and drained):
            self.should_exit = True
        return await super().on_tick(counter)


def serve(settings: Settings, engine: Future[VoiceCloner]) -> int:
    """Serve until told to stop.

    Args:
        settings: The settings.
        engine: The model, being loaded.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    service = Service.create(settings, engine.result)
    server = DrainingServer(
        uvicorn.Config(
            create_app(service),
            host=settings.host,
            port=settings.port,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        ),
        service,
    )
    server.run()
    failure = service.lifecycle.failure
    if failure is None:
        return 0
    unexpected = None if isinstance(failure, OpenVoiceError) else failure
    _log.critical("the model could not be loaded: %s", failure, exc_info=unexpected)
    return _LOAD_FAILED
