"""The limit on requests a minute of each API key."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from server.keys.rate_limiter import RateLimiter
from server.middleware.api_key import API_PREFIXES
from server.telemetry.request_record import RequestRecord

_FREE = frozenset({"/api/health", "/api/info"})


def is_limited(path: str) -> bool:
    """Return whether requests of a path count: those of the API that do more than describe it."""
    return path.startswith(API_PREFIXES) and path not in _FREE


class RateLimit:
    """ASGI middleware that refuses requests of keys that have used up their allowance.

    Args:
        app: The application inside.
        limiter: Counts the requests.
    """

    def __init__(self, app: ASGIApp, limiter: RateLimiter) -> None:
        self._app = app
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: `rate_limited`.
        """
        if scope["type"] in ("http", "websocket") and is_limited(scope["path"]):
            self._limiter.count_request(RequestRecord.of(scope).key_name)
        await self._app(scope, receive, send)
