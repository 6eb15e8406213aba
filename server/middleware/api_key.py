"""The API key: which addresses need it, and whether a request has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.messages.error import ApiError
from server.messages.errors import Unauthorized
from server.messages.live import KEY_SUBPROTOCOL

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
        if scope["type"] in ("http", "websocket") and needs_key(scope["path"]):
            # Digests have equal lengths, so the time that comparing takes says nothing of the key.
            sent = [_digest(key) for key in _sent_keys(scope)]
            if not any([hmac.compare_digest(digest, self._digest) for digest in sent]):
                raise ApiError(Unauthorized())
        await self._app(scope, receive, send)


def _sent_keys(scope: Scope) -> Iterator[bytes]:
    """Yield the keys that a request carries: in its header, or as a browser's subprotocol."""
    scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() == _SCHEME:
        # Starlette reads headers as Latin-1; a key may be any text, sent as UTF-8.
        yield key.strip().encode("latin-1")
    for subprotocol in scope.get("subprotocols", ()):
        if subprotocol.startswith(KEY_SUBPROTOCOL):
            encoded = subprotocol.removeprefix(KEY_SUBPROTOCOL)
            with suppress(ValueError):
                yield base64.b64decode(encoded + "=" * (-len(encoded) % 4), "-_", validate=True)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
