"""The Origin of a WebSocket: browsers let any page connect, so the server has to look."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.messages.error import ApiError
from server.messages.errors import OriginNotAllowed

ANY_ORIGIN = "*"


class OriginCheck:
    """ASGI middleware that refuses WebSockets from pages that may not call the API.

    The server's own page may, as may those that CORS allows; a program sends no Origin.

    Args:
        app: The application inside.
        allowed_origins: Origins of other pages, or `*`.
    """

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._allowed_origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: `origin_not_allowed`.
        """
        if scope["type"] == "websocket":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            allowed = origin is None or not self._allowed_origins.isdisjoint({origin, ANY_ORIGIN})
            # Behind a proxy that ends TLS the scheme differs, so only host and port are compared.
            if not allowed and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
                raise ApiError(OriginNotAllowed())
        await self._app(scope, receive, send)
