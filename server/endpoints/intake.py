"""The intake of every request that costs work: refuse early, read the body, admit."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from server.endpoints.context import Context
from server.endpoints.deadline import run_within_deadline
from server.http.body import read_body
from server.http.request_parser import media_type, parse_request
from server.inference.cloning_service import CloningService
from server.inference.request_account import UPLOAD, RequestAccount
from server.messages.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Internal,
    InvalidField,
    InvalidJson,
    InvalidMultipart,
    MissingField,
    NotReady,
    Overloaded,
    RateLimited,
    Unauthorized,
    UnsupportedMediaType,
    UploadTimeout,
)
from server.messages.requests import Request as RequestMessage
from server.telemetry.request_record import RequestRecord

R = TypeVar("R", bound=RequestMessage)

INTAKE_ERRORS = (
    InvalidJson,
    InvalidMultipart,
    Unauthorized,
    UploadTimeout,
    BodyTooLarge,
    UnsupportedMediaType,
    MissingField,
    InvalidField,
    Overloaded,
    RateLimited,
    Internal,
    NotReady,
    DeadlineExceeded,
)
"""The errors that every request may be answered with that costs work."""


class AdmittedRequest:
    """A request that has a place, its body read but not parsed.

    Args:
        service: Does the work.
        account: The request's account.
        request: Its headers and scope.
        body: The body, released by `parse`.
        send: ASGI callable that sends the answer.
    """

    def __init__(
        self,
        service: CloningService,
        account: RequestAccount,
        request: Request,
        body: bytearray,
        send: Send,
    ) -> None:
        self.service = service
        self.account = account
        self.request = request
        self.send = send
        self._body = body

    @property
    def request_id(self) -> str:
        """The id in the log."""
        return RequestRecord.of(self.request.scope).request_id

    @property
    def timing_headers(self) -> dict[str, str]:
        """The Server-Timing header, with the stages so far."""
        return {"Server-Timing": self.account.server_timing()}

    @property
    def result_headers(self) -> dict[str, str]:
        """The headers of an answer that holds a result."""
        return self.timing_headers | self.service.marking.headers

    async def parse(self, request: type[R]) -> R:
        """Parse the body off the event loop and release it.

        Raises:
            ApiError: The body or a field cannot be used.
        """
        body, self._body = self._body, bytearray()
        content_type = self.request.headers.get("content-type", "")
        most_clips = self.service.settings.target_clips
        return await self.service.run_parser(
            self.account, parse_request, body, content_type, request, most_clips
        )


Handler = Callable[[AdmittedRequest], Coroutine[Any, Any, None]]


class Intake:
    """ASGI endpoint that admits requests and has a handler answer them.

    Args:
        context: The server.
        handler: Parses, works and sends the answer. It is cancelled when the client has gone or
            the deadline has passed; what it raises before the answer begins becomes the answer.
    """

    def __init__(self, context: Context, handler: Handler) -> None:
        self._context = context
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: It is refused: `not_ready`, `unsupported_media_type`, `overloaded`, or what
                is wrong with its body or its fields.
            ClientGone: The client closed the connection.
        """
        context, request = self._context, Request(scope, receive)
        settings = context.settings
        context.check_ready()
        media_type(request.headers.get("content-type", ""))
        context.admission.check_place()
        with context.admission.lease_memory() as lease:
            account = context.open_account(lease, scope)
            try:
                with account.measure(UPLOAD):
                    body = await read_body(request.headers, receive, lease.hold, settings)
                account.started_at = time.monotonic()
                admitted = AdmittedRequest(context.get_service(), account, request, body, send)
                del body
                with context.admission.take_place():
                    work = self._handler(admitted)
                    await run_within_deadline(work, receive, settings.deadline_seconds)
                context.admission.record_cost(account.attained_seconds)
            finally:
                context.observe_work(account, RequestRecord.of(scope))
