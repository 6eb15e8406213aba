"""The API key: which addresses need it, and whether a request has it."""

from __future__ import annotations

import hashlib
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.messages.error import ApiError
from server.messages.errors import Unauthorized

_OPEN = frozenset({"/api/health"})
_SCHEME = "bearer"


def needs_key(path: str) -> bool:
    """Return whether a path needs the key: the API and the metrics do, the page does not."""
    return path == "/metrics" or (path.startswith("/api/") and path not in _OPEN)


class KeyCheck:
    """ASGI middleware that refuses requests without the key.

    Args:
        app: The application inside.
        api_key: The key.
    """

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._digest = _digest(api_key.encode("utf-8", "surrogateescape"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: `unauthorized`.
        """
        if scope["type"] == "http" and needs_key(scope["path"]):
            scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
            # Digests have equal lengths, so the time that comparing takes says nothing of the key.
            # Starlette reads headers as Latin-1; a key may be any text, sent as UTF-8.
            sent = _digest(key.strip().encode("latin-1"))
            if scheme.lower() != _SCHEME or not hmac.compare_digest(sent, self._digest):
                raise ApiError(Unauthorized())
        await self._app(scope, receive, send)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
