"""The model's state in this process: loading, ready or draining, and what may be answered then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.cpu import int8_support
from server.inference.admission import Admission
from server.inference.cloning_service import CloningService
from server.inference.engine import Engine
from server.messages.error import ApiError
from server.messages.errors import NotReady
from server.process.model_loader import ModelLoader
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.voices.store import VoiceStore

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 2


class ModelLifecycle:
    """Loading, ready, draining; used from one event loop.

    Args:
        settings: For the cloning service.
        loader: Loads the model in its thread.
        admission: Observed by the metrics.
        metrics: Told of each change of state.
        voice_store: For the cloning service.
    """

    def __init__(
        self,
        settings: Settings,
        loader: ModelLoader,
        admission: Admission,
        metrics: Metrics,
        voice_store: VoiceStore | None = None,
    ) -> None:
        self._settings = settings
        self._loader = loader
        self._admission = admission
        self._metrics = metrics
        self._voice_store = voice_store
        self._service: CloningService | None = None
        self._loading: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drain_began = asyncio.Event()
        self.draining = False
        self.requests_in_hand = 0

    @property
    def ready(self) -> bool:
        """Whether new work is accepted."""
        return self._service is not None and not self.draining

    @property
    def failure(self) -> BaseException | None:
        """The error that kept the model from loading, once there is one."""
        if self._loading is None or not self._loading.done() or self._loading.cancelled():
            return None
        return self._loading.exception()

    def get_service(self) -> CloningService:
        """Return the loaded model's cloning service, which also exists while the server drains.

        Raises:
            ApiError: `not_ready`: the model is still loading.
        """
        if self._service is None:
            raise ApiError(NotReady(retry_after_seconds=_RETRY_SECONDS))
        return self._service

    def check_ready(self) -> None:
        """Refuse new work while the model loads or the server drains.

        Raises:
            ApiError: `not_ready`.
        """
        if not self.ready:
            raise ApiError(NotReady(retry_after_seconds=_RETRY_SECONDS))

    @contextmanager
    def hold_request(self) -> Iterator[None]:
        """Count a request as in hand during the block; a drain waits for it."""
        self.requests_in_hand += 1
        try:
            yield
        finally:
            self.requests_in_hand -= 1

    def start(self) -> None:
        """Wait in the background for the model to be loaded and warmed up."""
        self._loop = asyncio.get_running_loop()
        self._loading = asyncio.create_task(self._load())

    def drain(self) -> None:
        """Accept no new work from now on; called from a signal handler or another thread."""
        self.draining = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain_began.set)
        self._metrics.set_ready(False)

    async def wait_for_drain(self) -> None:
        """Wait until no new work is accepted."""
        await self._drain_began.wait()

    async def wait_until_loaded(self) -> None:
        """Wait until the model is loaded.

        Raises:
            Exception: What kept it from loading.
        """
        if self._loading is not None:
            await asyncio.shield(self._loading)

    def close(self) -> None:
        """Release the threads of the cloning service."""
        if self._service is not None:
            self._service.close()

    async def _load(self) -> None:
        service = await asyncio.wrap_future(self._loader.prepare(self._prepare))
        self._service = service
        engine, admission = service.engine, self._admission
        model = {
            "model": engine.manifest.name,
            "variant": engine.manifest.variant,
            "precision": engine.manifest.precision,
            "model_id": engine.manifest.model_id,
        }
        self._metrics.set_model(**model, provider=engine.providers[0])
        self._metrics.watch_inference(
            active=lambda: service.inference.running,
            waiting=lambda: admission.admitted - service.inference.running,
        )
        self._metrics.set_ready(self.ready)
        speed: dict[str, float | bool | None] = {
            "real_time_factor": round(service.real_time_factor, 4)
        }
        int8 = int8_support()
        speed |= {"int8_fast": int8.fast, "int8_exact": int8.exact}
        _log.info("ready", extra={**model, "providers": list(engine.providers), **speed})

    def _prepare(self, engine: Engine) -> CloningService:
        service = CloningService(
            engine, self._settings, self._metrics.count_lookup, self._voice_store
        )
        service.warm_up()
        return service
