"""Every error as an answer: JSON with its status, or the last line of a stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http import negotiation
from server.http.answers import JSON_TYPE, LINES_TYPE, send_end, send_line, to_json
from server.http.body import ClientGone
from server.http.unread_body import UnreadBody
from server.messages.error import ApiError
from server.messages.errors import Internal, UploadTimeout
from server.messages.message import Language
from server.settings import Settings
from server.telemetry.request_record import RequestRecord

_log = logging.getLogger(__name__)

_CLIENT_GONE = "client_gone"

_LAST_LINE_SECONDS = 5.0
"""How long to wait for a client that does not read, before the connection is cut."""


class ErrorAnswers:
    """ASGI middleware that answers what the application raises.

    Args:
        app: The application inside.
        settings: Bounds on what is read of a refused upload.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send, self._settings)
        try:
            await self._app(scope, answer.unread.receive, answer.send)
        except ClientGone:
            RequestRecord.of(scope).outcome = _CLIENT_GONE
        except ApiError as error:
            await answer.fail(error, cause=error.__cause__)
        except Exception as error:
            # A fault of the server: the client is told nothing of it, the log everything.
            await answer.fail(ApiError(Internal()), cause=error)


class _Answer:
    """The answer to one request, as far as it was sent."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, settings: Settings) -> None:
        self.unread = UnreadBody(scope, receive, send, settings)
        self._headers = Headers(scope=scope)
        self._record = RequestRecord.of(scope)
        self._started = False
        self._is_lines = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self._is_lines = dict(message["headers"]).get(b"content-type") == LINES_TYPE.encode()
        await self.unread.send(message)

    async def fail(self, error: ApiError, cause: BaseException | None) -> None:
        self._record.outcome = error.code
        if error.detail.status == 500:
            _log.error("internal error", exc_info=cause)
        if self._started:
            await self._fail_midway(error)
            return
        if isinstance(error.detail, UploadTimeout):
            self.unread.stalled()
        language = self._language
        body = to_json(error.answer(language, self._record.request_id), language)
        headers = {
            "Content-Type": JSON_TYPE,
            "Content-Length": str(len(body)),
            "Content-Language": language,
            "Vary": "Accept-Language",
        } | error.headers
        raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        await self.send(
            {"type": "http.response.start", "status": error.detail.status, "headers": raw}
        )
        await self.send({"type": "http.response.body", "body": body})

    async def _fail_midway(self, error: ApiError) -> None:
        if not self._is_lines:
            # Bytes of a file went out already: breaking it off is the only sign left to give.
            return
        language = self._language
        line = error.answer(language, self._record.request_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINE_SECONDS):
                await send_line(self.send, line, language)
                await send_end(self.send)

    @property
    def _language(self) -> Language:
        return negotiation.language(self._headers.get("accept-language", ""))
