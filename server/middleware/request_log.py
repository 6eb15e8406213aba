"""Request ids, one log line and one count for each request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.telemetry.logs import REQUEST_ID
from server.telemetry.request_record import RequestRecord

_log = logging.getLogger(__name__)

_STARTS = ("http.response.start", "websocket.http.response.start", "websocket.accept")
_SWITCHING_PROTOCOLS = 101

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestLog:
    """ASGI middleware that gives every request an id and records how it ended.

    Args:
        app: The application inside.
        hold_request: Context manager that marks a request as in hand.
        count_request: Counts an ended request, by route, outcome and name of the API key.
    """

    def __init__(
        self,
        app: ASGIApp,
        hold_request: Callable[[], AbstractContextManager[None]],
        count_request: Callable[[str, str, str], None],
    ) -> None:
        self._app = app
        self._hold_request = hold_request
        self._count_request = count_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        record = RequestRecord(given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex)
        record.attach(scope)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "websocket.close":
                status = message["code"]
            if message["type"] in _STARTS:
                status = message.get("status", _SWITCHING_PROTOCOLS)
                header = (b"x-request-id", record.request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        started = time.perf_counter()
        token = REQUEST_ID.set(record.request_id)
        try:
            with self._hold_request():
                try:
                    await self._app(scope, receive, send_with_id)
                finally:
                    seconds = time.perf_counter() - started
                    self._record(scope, record, status, seconds)
        finally:
            REQUEST_ID.reset(token)

    def _record(self, scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._count_request(route, record.outcome, record.key_name)
        _log.info(
            "request",
            extra={
                "method": scope.get("method", "WEBSOCKET"),
                "path": scope["path"],
                "status": status,
                "outcome": record.outcome,
                "seconds": round(seconds, 4),
            }
            | ({"key": record.key_name} if record.key_name else {})
            | record.notes,
        )
