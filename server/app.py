"""The ASGI application, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server import cloning, files, openapi
from server.access import KeyCheck
from server.answers import JSON_TYPE, to_json
from server.boundary import Boundary
from server.errors import ApiError
from server.service import Service
from server.status import StatusRoutes, info
from server.work import WorkEndpoint

_EXPOSED_HEADERS = ("Content-Language", "Retry-After", "Server-Timing", "X-Request-ID")
_ALLOWED_HEADERS = ("Accept", "Accept-Language", "Authorization", "Content-Type", "X-Request-ID")


def create_app(
    service: Service, static: Path = files.STATIC, samples: Path = files.SAMPLES
) -> Starlette:
    """Make the application of a server.

    Args:
        service: Its parts; the model begins to load when the application starts.
        static: The page's folder.
        samples: The sample clips' folder.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.lifecycle.start()
        yield
        service.lifecycle.close()

    settings = service.settings
    middleware = [Middleware(Boundary, service=service)]
    if settings.allowed_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST"),
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
        middleware.insert(0, cors)
    if settings.api_key is not None:
        middleware.append(Middleware(KeyCheck, api_key=settings.api_key))
    app = Starlette(
        routes=[*_api_routes(service), *files.routes(static, samples)],
        middleware=middleware,
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _api_routes(service: Service) -> list[BaseRoute]:
    status = StatusRoutes(service)

    async def describe(request: Request) -> Response:
        studio = service.lifecycle.live
        live = None if studio is None else info(studio, service.settings)
        return Response(to_json(openapi.document(service.settings, live)), media_type=JSON_TYPE)

    return [
        Route("/api/health", status.health),
        Route("/api/info", status.info),
        Route("/api/clone", WorkEndpoint(service, cloning.clone), methods=["POST"]),
        Route("/api/clone/stream", WorkEndpoint(service, cloning.stream), methods=["POST"]),
        Route("/api/tone", WorkEndpoint(service, cloning.tone), methods=["POST"]),
        Route("/livez", status.livez),
        Route("/readyz", status.readyz),
        Route("/metrics", status.metrics),
        Route("/openapi.json", describe),
    ]


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        raise ApiError("method_not_allowed", headers=error.headers)
    raise ApiError("not_found")
