"""The ASGI application and the parts of one server, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from server.endpoints import (
    cloning,
    description,
    elevenlabs,
    live,
    page,
    status,
    verification,
    voices,
)
from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint, create_routes
from server.inference.admission import Admission
from server.inference.live_admission import LiveAdmission
from server.keys.key_ring import KeyRing
from server.keys.rate_limiter import RateLimiter
from server.messages.error import ApiError
from server.messages.errors import MethodNotAllowed, NotFound
from server.middleware.api_key import KeyCheck, needs_key
from server.middleware.default_headers import DefaultHeaders
from server.middleware.error_answers import ErrorAnswers
from server.middleware.origin import OriginCheck
from server.middleware.rate_limit import RateLimit
from server.middleware.request_log import RequestLog
from server.process.model_lifecycle import ModelLifecycle
from server.process.model_loader import ModelLoader
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.traces import Traces
from server.voices.store import VoiceStore

_EXPOSED_HEADERS = (
    "Content-Language",
    "Retry-After",
    "Server-Timing",
    "X-AI-Generated",
    "X-Request-ID",
)
_ALLOWED_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "X-Request-ID",
    "xi-api-key",
)


@dataclass(frozen=True, slots=True)
class ServerParts:
    """The parts of one server.

    Args:
        settings: The settings.
        metrics: The metrics.
        admission: Places and memory for requests.
        live_admission: Places and room for live sessions.
        lifecycle: State of the model.
        voice_store: Keeps the clients' voices; None where none are stored.
        keys: The API keys that are accepted; None where none is needed.
        limiter: Limits on what each key may use.
        traces: Makes the spans of requests; None where they are not traced.
    """

    settings: Settings
    metrics: Metrics
    admission: Admission
    live_admission: LiveAdmission
    lifecycle: ModelLifecycle
    voice_store: VoiceStore | None
    keys: KeyRing | None
    limiter: RateLimiter
    traces: Traces | None

    @classmethod
    def create(
        cls,
        settings: Settings,
        loader: ModelLoader,
        metrics: Metrics | None = None,
        traces: Traces | None = None,
    ) -> Self:
        """Create the parts, around a model that is being loaded.

        Args:
            settings: The settings.
            loader: Loads the model.
            metrics: The metrics; None makes those of a single process.
            traces: Makes the spans of requests; None where they are not traced.

        Raises:
            SettingsError: The file of keys cannot be used.
        """
        metrics = metrics or Metrics()
        admission = Admission(settings.workers, settings.waiting_requests, settings.bytes_in_flight)
        metrics.watch_requests(lambda: admission.admitted, lambda: admission.bytes_held)
        live_admission = LiveAdmission(settings.live_sessions, settings.live_load)
        metrics.watch_live(lambda: live_admission.sessions, lambda: live_admission.share)
        voice_store = VoiceStore.of(settings)
        lifecycle = ModelLifecycle(settings, loader, admission, metrics, voice_store)
        return cls(
            settings,
            metrics,
            admission,
            live_admission,
            lifecycle,
            voice_store,
            KeyRing.of(settings),
            RateLimiter.of(settings),
            traces,
        )


def create_app(
    parts: ServerParts,
    static: Path = page.STATIC,
    samples: Path = page.SAMPLES,
    *,
    start_loaded: bool = False,
) -> Starlette:
    """Create the application of a server.

    Args:
        parts: The server's parts.
        static: Folder of the page.
        samples: Folder of the sample clips.
        start_loaded: Whether the application's start lasts until the model is loaded, so that
            nothing is answered before; it then fails where the model cannot be loaded.
    """
    lifecycle = parts.lifecycle

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        lifecycle.start()
        if parts.voice_store is not None:
            parts.voice_store.open()
        if start_loaded:
            await lifecycle.wait_until_loaded()
        yield
        lifecycle.close()
        if parts.voice_store is not None:
            await asyncio.to_thread(parts.voice_store.close)
        if parts.traces is not None:
            await asyncio.to_thread(parts.traces.close)

    app = Starlette(
        routes=[
            *create_routes(create_endpoints(parts)),
            live.create_route(_context(parts), parts.live_admission, lifecycle.wait_for_drain),
            *page.create_routes(static, samples),
        ],
        middleware=_middleware(parts),
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def create_endpoints(parts: ServerParts) -> list[Endpoint]:
    """Return every endpoint that /openapi.json describes, family by family."""
    settings, context = parts.settings, _context(parts)
    endpoints = [
        *cloning.create(context),
        *verification.create(context),
        *voices.create(context),
        *elevenlabs.create(context),
        *status.create(context),
        live.describe(context),
    ]

    def is_locked(path: str) -> bool:
        return settings.needs_key and needs_key(path)

    return [*endpoints, description.create(context, endpoints, is_locked)]


def _context(parts: ServerParts) -> Context:
    lifecycle = parts.lifecycle
    return Context(
        parts.settings,
        parts.admission,
        parts.metrics,
        parts.limiter,
        lifecycle.get_service,
        lifecycle.check_ready,
    )


def _middleware(parts: ServerParts) -> list[Middleware]:
    """Return the middleware, the outermost first."""
    settings = parts.settings
    found = [
        Middleware(
            RequestLog,
            hold_request=parts.lifecycle.hold_request,
            count_request=parts.metrics.count_request,
            traces=parts.traces,
        ),
        Middleware(DefaultHeaders),
        Middleware(ErrorAnswers, settings=settings),
        Middleware(OriginCheck, allowed_origins=settings.allowed_origins),
    ]
    if settings.allowed_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("DELETE", "GET", "POST"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
        found.insert(0, cors)
    if parts.keys is not None:
        found.append(Middleware(KeyCheck, keys=parts.keys))
    found.append(Middleware(RateLimit, limiter=parts.limiter))
    return found


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        raise ApiError(MethodNotAllowed(), error.headers)
    raise ApiError(NotFound())
