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

from server.telemetry.logs import REQUEST_ID, TRACE_IDS
from server.telemetry.request_record import RequestRecord
from server.telemetry.traces import Traces

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
        traces: Makes the spans of requests; None where they are not traced.
    """

    def __init__(
        self,
        app: ASGIApp,
        hold_request: Callable[[], AbstractContextManager[None]],
        count_request: Callable[[str, str, str], None],
        traces: Traces | None = None,
    ) -> None:
        self._app = app
        self._hold_request = hold_request
        self._count_request = count_request
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        record = RequestRecord(given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex)
        if self._traces is not None:
            record.trace = self._traces.start(headers)
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
        trace_token = TRACE_IDS.set({} if record.trace is None else record.trace.ids)
        try:
            with self._hold_request():
                try:
                    await self._app(scope, receive, send_with_id)
                finally:
                    seconds = time.perf_counter() - started
                    self._record(scope, record, status, seconds)
        finally:
            TRACE_IDS.reset(trace_token)
            REQUEST_ID.reset(token)

    def _record(self, scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope.get("method", "WEBSOCKET")
        self._count_request(route, record.outcome, record.key_name)
        if record.trace is not None:
            record.trace.end(
                method=method,
                route=route,
                path=scope["path"],
                status=status,
                outcome=record.outcome,
            )
        _log.info(
            "request",
            extra={
                "method": method,
                "path": scope["path"],
                "status": status,
                "outcome": record.outcome,
                "seconds": round(seconds, 4),
            }
            | ({"key": record.key_name} if record.key_name else {})
            | record.notes,
        )
