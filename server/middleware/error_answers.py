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
from server.http.web_socket import GONE_ERRORS
from server.messages import elevenlabs
from server.messages.error import ApiError
from server.messages.errors import Internal, UploadTimeout
from server.messages.live import CLOSE_CODES, POLICY_CLOSE, LiveError
from server.messages.message import Language
from server.messages.message import Message as JsonMessage
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
        answer: _Answer | _WebSocketAnswer
        if scope["type"] == "http":
            answer = _Answer(scope, receive, send, self._settings)
        elif scope["type"] == "websocket":
            answer = _WebSocketAnswer(scope, receive, send)
        else:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, answer.receive, answer.send)
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
        self._unread = UnreadBody(scope, receive, send, settings)
        self.receive: Receive = self._unread.receive
        self._headers = Headers(scope=scope)
        self._is_elevenlabs = scope["path"].startswith(elevenlabs.PREFIXES)
        self._record = RequestRecord.of(scope)
        self._started = False
        self._is_lines = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self._is_lines = dict(message["headers"]).get(b"content-type") == LINES_TYPE.encode()
        await self._unread.send(message)

    async def fail(self, error: ApiError, cause: BaseException | None) -> None:
        self._record.outcome = error.code
        if error.detail.status == 500:
            _log.error("internal error", exc_info=cause)
        if self._started:
            await self._fail_midway(error)
            return
        if isinstance(error.detail, UploadTimeout):
            self._unread.stalled()
        if self._is_elevenlabs:
            # Its clients are not written for Chinese readers.
            language = _language(self._headers, "en")
            message: JsonMessage = elevenlabs.DetailedError.of(error, language)
            status = elevenlabs.status_of(type(error.detail))
        else:
            language = _language(self._headers)
            message = error.answer(language, self._record.request_id)
            status = error.detail.status
        headers, body = _json_answer(error, message, language)
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _fail_midway(self, error: ApiError) -> None:
        if not self._is_lines:
            # Bytes of a file went out already: breaking it off is the only sign left to give.
            return
        language = _language(self._headers)
        line = error.answer(language, self._record.request_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINE_SECONDS):
                await send_line(self.send, line, language)
                await send_end(self.send)


class _WebSocketAnswer:
    """The answer to one WebSocket: before it is accepted an HTTP answer, then a message."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.receive = receive
        self._send = send
        self._headers = Headers(scope=scope)
        self._record = RequestRecord.of(scope)
        self._accepted = False

    async def send(self, message: Message) -> None:
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        await self._send(message)

    async def fail(self, error: ApiError, cause: BaseException | None) -> None:
        self._record.outcome = error.code
        status = error.detail.status
        if status == 500:
            _log.error("internal error", exc_info=cause)
        if not self._accepted:
            kind = "websocket.http.response"
            language = _language(self._headers)
            answer = error.answer(language, self._record.request_id)
            headers, body = _json_answer(error, answer, language)
            await self.send({"type": f"{kind}.start", "status": status, "headers": headers})
            await self.send({"type": f"{kind}.body", "body": body})
            return
        language = _language(self._headers)
        message = LiveError.of(error, language, self._record.request_id)
        text = to_json(message, language).decode()
        code = CLOSE_CODES.get(status, POLICY_CLOSE)
        with contextlib.suppress(*GONE_ERRORS):
            async with asyncio.timeout(_LAST_LINE_SECONDS):
                await self.send({"type": "websocket.send", "text": text})
                await self.send({"type": "websocket.close", "code": code})


def _json_answer(
    error: ApiError, message: JsonMessage, language: Language
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return an error's headers and body."""
    body = to_json(message, language)
    headers = {
        "Content-Type": JSON_TYPE,
        "Content-Length": str(len(body)),
        "Content-Language": language,
        "Vary": "Accept-Language",
    } | error.headers
    raw = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    return raw, body


def _language(request: Headers, default: Language = "zh") -> Language:
    return negotiation.language(request.get("accept-language", ""), default)
