"""The outermost layer: request ids, headers, every error as JSON, one log line a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import negotiation
from server.answers import JSON_TYPE, LINES_TYPE, send_end, send_line, to_json
from server.body import ClientGone, UnreadBody
from server.errors import ApiError, Language
from server.logs import REQUEST_ID
from server.service import Service

_log = logging.getLogger(__name__)

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CLIENT_GONE = "client_gone"

_LAST_LINE_SECONDS = 5.0
"""How long a client that does not read is waited for before the connection is broken off."""

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Headers of every answer that does not set them itself."""


class Boundary:
    """ASGI middleware around everything else.

    Args:
        app: What is inside.
        service: Its settings, metrics and requests in hand.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._service)
        token = REQUEST_ID.set(exchange.request_id)
        try:
            with self._service.lifecycle.hand():
                await self._serve(exchange)
        finally:
            REQUEST_ID.reset(token)

    async def _serve(self, exchange: _Exchange) -> None:
        try:
            await self._app(exchange.scope, exchange.unread.receive, exchange.send)
        except ClientGone:
            exchange.outcome = _CLIENT_GONE
        except ApiError as error:
            await exchange.fail(error, cause=error.__cause__)
        except Exception as error:
            # The last line of defence, for faults of ours: whatever it is, the client gets an
            # answer without details and the log gets all of them.
            await exchange.fail(ApiError("internal"), cause=error)
        finally:
            exchange.end()


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, service: Service) -> None:
        self._headers = Headers(scope=scope)
        self._service = service
        self._started = time.perf_counter()
        self._status = 0
        self._is_lines = False
        given = self._headers.get("x-request-id", "")
        self.request_id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        self.notes: dict[str, Any] = {}
        self.outcome = "ok"
        self.scope = scope
        self.scope.setdefault("state", {})
        self.scope["state"] |= {"request_id": self.request_id, "notes": self.notes}
        self.unread = UnreadBody(scope, receive, send, service.settings)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            present = dict(message["headers"])
            self._is_lines = present.get(b"content-type") == LINES_TYPE.encode()
            more = [
                (name.lower().encode(), text.encode())
                for name, text in {**HEADERS, "X-Request-ID": self.request_id}.items()
                if name.lower().encode() not in present
            ]
            message = {**message, "headers": [*message["headers"], *more]}
        await self.unread.send(message)

    async def fail(self, error: ApiError, cause: BaseException | None) -> None:
        self.outcome = error.code
        if error.row.status == 500:
            _log.error("internal error", exc_info=cause)
        if self._status:
            await self._fail_midway(error)
            return
        if error.code == "upload_timeout":
            self.unread.stalled()
        language = self._language
        body = to_json(error.body(language, self.request_id))
        headers = {
            "Content-Type": JSON_TYPE,
            "Content-Length": str(len(body)),
            "Content-Language": language,
            "Vary": "Accept-Language",
        } | error.headers
        raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        await self.send({"type": "http.response.start", "status": error.row.status, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    async def _fail_midway(self, error: ApiError) -> None:
        if not self._is_lines:
            # That the answer breaks off is all that can still be said.
            return
        line = error.body(self._language, self.request_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINE_SECONDS):
                await send_line(self.send, line)
                await send_end(self.send)

    @property
    def _language(self) -> Language:
        return negotiation.language(self._headers.get("accept-language", ""))

    def end(self) -> None:
        route = self.scope.get("route")
        endpoint = getattr(route, "path", "other")
        self._service.metrics.request(endpoint, self.outcome)
        _log.info(
            "request",
            extra={
                "method": self.scope["method"],
                "path": self.scope["path"],
                "status": self._status,
                "outcome": self.outcome,
                "seconds": round(time.perf_counter() - self._started, 4),
            }
            | self.notes,
        )
