"""How every request that costs work is taken in: its body, its place, its deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from server.body import read_body
from server.job import Job
from server.payload import media_type
from server.service import Service
from server.studio import Studio
from server.supervision import supervise
from server.timings import UPLOAD

T = TypeVar("T")


class Work:
    """An admitted request.

    Args:
        studio: Does the work.
        job: Accounts for it.
        request: Its headers and id.
        body: Taken by `parse`.
        send: Sends the answer.
    """

    def __init__(
        self, studio: Studio, job: Job, request: Request, body: bytearray, send: Send
    ) -> None:
        self.studio = studio
        self.job = job
        self.request = request
        self.send = send
        self._body = body

    @property
    def request_id(self) -> str:
        """The id that the log has."""
        return str(self.request.state.request_id)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a good answer, as of now."""
        return {"Server-Timing": self.job.timings.server_timing()}

    async def parse(self, parser: Callable[..., T], *arguments: Any) -> T:
        """Parse the body off the event loop; it is let go of."""
        body, self._body = self._body, bytearray()
        content_type = self.request.headers.get("content-type", "")
        return await self.studio.parse(self.job, parser, body, content_type, *arguments)


Handler = Callable[[Work], Coroutine[Any, Any, None]]


class WorkEndpoint:
    """An ASGI endpoint that takes requests in, and has a handler do and answer them.

    Args:
        service: The server.
        handler: Parses, works, and sends the answer; given up when the client has gone or the
            deadline has passed. What it raises before the answer begins becomes the answer.
    """

    def __init__(self, service: Service, handler: Handler) -> None:
        self._service = service
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            ApiError: It is refused: `not_ready`, `unsupported_media_type`, `overloaded`, or what
                is wrong with its body or its fields.
            ClientGone: Nobody is left to answer.
        """
        service, request = self._service, Request(scope, receive)
        service.lifecycle.check_ready()
        media_type(request.headers.get("content-type", ""))
        service.admission.check()
        with service.admission.lease() as lease:
            job = Job(lease)
            try:
                with job.timings.measure(UPLOAD):
                    body = await read_body(request.headers, receive, lease, service.settings)
                job.started_at = time.monotonic()
                work = Work(service.lifecycle.studio, job, request, body, send)
                del body
                with service.admission.place():
                    await supervise(self._handler(work), receive, service.settings.deadline_seconds)
                service.admission.served(job.attained_seconds)
            finally:
                self._account(job, scope)

    def _account(self, job: Job, scope: Scope) -> None:
        self._service.metrics.work(job)
        scope["state"]["notes"] |= {
            "audio_in_seconds": round(job.audio_in_seconds, 3),
            "audio_out_seconds": round(job.audio_out_seconds, 3),
            "stages": {name: round(s, 4) for name, s in job.timings.seconds.items()},
        }
