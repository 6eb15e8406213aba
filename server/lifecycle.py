"""Loading, ready, draining: what the server is doing, and what it may therefore answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from server.admission import Admission
from server.engine import Engine
from server.errors import ApiError
from server.metrics import Metrics
from server.settings import Settings
from server.studio import Studio

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 2

EngineLoader = Callable[[], Engine]


class Lifecycle:
    """One server's life; used from one event loop.

    Args:
        settings: Given to the studio.
        loader: Gives the loaded engine; called in a thread.
        admission: Shown in the metrics.
        metrics: Told of each phase.
    """

    def __init__(
        self, settings: Settings, loader: EngineLoader, admission: Admission, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._loader = loader
        self._admission = admission
        self._metrics = metrics
        self._studio: Studio | None = None
        self._loading: asyncio.Task[None] | None = None
        self.draining = False
        self.in_hand = 0

    @property
    def ready(self) -> bool:
        """Whether work is taken."""
        return self._studio is not None and not self.draining

    @property
    def studio(self) -> Studio:
        """The loaded model at work.

        Raises:
            ApiError: `not_ready`: it is still loading.
        """
        if self._studio is None:
            raise ApiError.retry("not_ready", _RETRY_SECONDS)
        return self._studio

    @property
    def live(self) -> Studio | None:
        """The loaded model at work, or None while it loads."""
        return self._studio

    def check_ready(self) -> None:
        """Refuse work while the server loads or drains.

        Raises:
            ApiError: `not_ready`.
        """
        if not self.ready:
            raise ApiError.retry("not_ready", _RETRY_SECONDS)

    @contextmanager
    def hand(self) -> Iterator[None]:
        """Count a request as in hand while the block runs: the server ends after it."""
        self.in_hand += 1
        try:
            yield
        finally:
            self.in_hand -= 1

    @property
    def failure(self) -> BaseException | None:
        """Why the model could not be loaded, once that is known."""
        if self._loading is None or not self._loading.done() or self._loading.cancelled():
            return None
        return self._loading.exception()

    def start(self) -> None:
        """Begin to load the model and to warm it up, in a thread."""
        self._loading = asyncio.create_task(self._load())

    async def loaded(self) -> None:
        """Wait until the model is loaded.

        Raises:
            OpenVoiceError: It cannot be.
        """
        if self._loading is not None:
            await asyncio.shield(self._loading)

    def drain(self) -> None:
        """Take no more work."""
        self.draining = True
        self._metrics.ready(False)

    def close(self) -> None:
        """Let go of the studio's threads."""
        if self._studio is not None:
            self._studio.close()

    async def _load(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="load") as thread:
            studio = await asyncio.get_running_loop().run_in_executor(thread, self._prepare)
        self._studio = studio
        manifest = studio.engine.manifest
        self._metrics.loaded(studio.engine)
        self._metrics.watch_inference(self._admission, studio.inference)
        self._metrics.ready(self.ready)
        _log.info(
            "ready",
            extra={
                "model": manifest.name,
                "variant": manifest.variant,
                "precision": manifest.precision,
                "model_id": manifest.model_id,
                "providers": list(studio.engine.providers),
                "real_time_factor": round(studio.real_time_factor, 4),
            },
        )

    def _prepare(self) -> Studio:
        studio = Studio(self._loader(), self._settings, self._metrics)
        studio.warm_up()
        return studio
