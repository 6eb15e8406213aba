"""The API key: which addresses need one, and whether a request has one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.keys.key_ring import KeyRing
from server.messages import elevenlabs
from server.messages.error import ApiError
from server.messages.errors import Unauthorized
from server.messages.live import KEY_SUBPROTOCOL
from server.telemetry.request_record import RequestRecord

_OPEN = frozenset({"/api/health"})
_SCHEME = "bearer"
_ELEVENLABS_HEADER = "xi-api-key"


API_PREFIXES = ("/api/", *elevenlabs.PREFIXES)
"""What the paths of the API begin with."""


def needs_key(path: str) -> bool:
    """Return whether a path needs the key: the API and the metrics do, the page does not."""
    return path == "/metrics" or (path.startswith(API_PREFIXES) and path not in _OPEN)


class KeyCheck:
    """ASGI middleware that refuses requests without a key, and records whose key a request has.

    Args:
        app: The application inside.
        keys: The keys that are accepted.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: `unauthorized`.
        """
        if scope["type"] in ("http", "websocket") and needs_key(scope["path"]):
            found = (self._keys.find(key) for key in _sent_keys(scope))
            name = next((name for name in found if name is not None), None)
            if name is None:
                raise ApiError(Unauthorized())
            RequestRecord.of(scope).key_name = name
        await self._app(scope, receive, send)


def _sent_keys(scope: Scope) -> Iterator[bytes]:
    """Yield the keys that a request carries: in a header, or as a browser's subprotocol."""
    headers = Headers(scope=scope)
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == _SCHEME:
        # Starlette reads headers as Latin-1; a key may be any text, sent as UTF-8.
        yield key.strip().encode("latin-1")
    if key := headers.get(_ELEVENLABS_HEADER, ""):
        yield key.strip().encode("latin-1")
    for subprotocol in scope.get("subprotocols", ()):
        if subprotocol.startswith(KEY_SUBPROTOCOL):
            encoded = subprotocol.removeprefix(KEY_SUBPROTOCOL)
            with suppress(ValueError):
                yield base64.b64decode(encoded + "=" * (-len(encoded) % 4), "-_", validate=True)
