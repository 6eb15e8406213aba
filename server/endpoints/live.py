"""WebSocket /api/clone/live: a microphone in, another voice out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, aclosing
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from server.endpoints.context import Context
from server.endpoints.deadline import deadline
from server.endpoints.endpoint import Endpoint
from server.http.answers import encode_object
from server.http.json_body import parse_object
from server.http.request_parser import JSON, parse_request
from server.http.web_socket import WebSocket
from server.inference.engine import LiveConversion
from server.inference.live_admission import LiveAdmission
from server.inference.live_inbox import LiveInbox
from server.inference.live_session import LiveSession
from server.inference.request_account import RequestAccount
from server.messages.errors import Internal
from server.messages.live import (
    PCM_OUT,
    SUBPROTOCOL,
    LiveDone,
    LiveReady,
    audio_was_due,
    check_speaker,
    start_was_due,
)
from server.messages.message import Text
from server.messages.requests import LiveRequest
from server.openapi.live_document import make_live_document
from server.openapi.operation import Operation
from server.telemetry.request_record import RequestRecord

PATH = "/api/clone/live"

_LONGEST_TEXT_BYTES = 4096

_DESCRIPTION = Operation(
    "/asyncapi.json",
    "get",
    "asyncapi",
    Text(
        "/api/clone/live 的消息说明（AsyncAPI）。",
        "Describes the messages of /api/clone/live (AsyncAPI).",
    ),
    {JSON: {"type": "object"}},
    (Internal,),
)

WaitForDrain = Callable[[], Coroutine[Any, Any, None]]


def create_route(context: Context, admission: LiveAdmission, drain: WaitForDrain) -> WebSocketRoute:
    """Return the route of one server.

    Args:
        context: The server.
        admission: Places of live sessions.
        drain: Waits until the server drains.
    """
    return WebSocketRoute(PATH, LiveEndpoint(context, admission, drain))


def describe(context: Context) -> Endpoint:
    """Return the endpoint of /asyncapi.json, which describes the messages of a session."""

    @cache
    def encoded() -> bytes:
        return encode_object(make_live_document(PATH, context.settings.target_clips))

    async def answer(request: Request) -> Response:
        # Made when it is first asked for, off the event loop, as /openapi.json is.
        return Response(await asyncio.to_thread(encoded), media_type=JSON)

    return Endpoint(_DESCRIPTION, answer)


class LiveEndpoint:
    """ASGI endpoint of live sessions.

    Args:
        context: The server.
        admission: Places of live sessions.
        drain: Waits until the server drains.
    """

    def __init__(self, context: Context, admission: LiveAdmission, drain: WaitForDrain) -> None:
        self._context = context
        self._admission = admission
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            ApiError: It is refused, or what was sent cannot be used.
            ClientGone: The client closed the connection or does not read.
        """
        settings = self._context.settings
        self._context.check_ready()
        socket = WebSocket(receive, send, settings.live_idle_seconds)
        with self._admission.take_place() as has_place:
            headers = self._context.get_service().marking.headers
            await socket.accept(_choose_subprotocol(scope["subprotocols"]), headers)
            if not has_place:
                raise self._admission.overloaded()
            with self._context.admission.lease_memory() as lease:
                lease.hold(settings.live_message_bytes)
                account = self._context.open_account(lease, scope)
                await self._serve(socket, account, RequestRecord.of(scope))

    async def _serve(
        self, socket: WebSocket, account: RequestAccount, record: RequestRecord
    ) -> None:
        text = await socket.receive()
        if not isinstance(text, str):
            raise start_was_due()
        context = self._context
        service = context.get_service()
        body = bytearray(text, "utf-8", "surrogatepass")
        del text
        start = await service.run_parser(
            account, parse_request, body, JSON, LiveRequest, context.settings.target_clips
        )
        check_speaker(start)
        rate_hz = start.sample_rate or service.engine.manifest.sample_rate_hz
        inbox = LiveInbox(start.format, rate_hz, context.settings)
        try:
            await _first_of(
                self._convert(socket, account, start, inbox, record),
                _read(socket, inbox, account),
                self._end_when_draining(),
            )
        finally:
            context.observe_work(account, record)

    async def _convert(
        self,
        socket: WebSocket,
        account: RequestAccount,
        start: LiveRequest,
        inbox: LiveInbox,
        record: RequestRecord,
    ) -> None:
        context = self._context
        service = context.get_service()
        cost = service.expect_live_cost(start.latency)
        with ExitStack() as held:
            held.enter_context(self._admission.admit(cost))
            held.enter_context(service.inference.reserve_thread())
            conversion = await self._prepare(account, start, cost.chunk_frames)
            await socket.send_message(
                LiveReady(
                    type="ready",
                    sample_rate=conversion.sample_rate_hz,
                    format=PCM_OUT,
                    latency_seconds=round(conversion.latency_seconds, 4),
                    chunk_seconds=round(conversion.chunk_seconds, 4),
                    ai_generated=service.marking.is_on,
                    request_id=record.request_id,
                )
            )

            def observe_step(seconds: float, is_late: bool) -> None:
                context.metrics.observe_live_step(start.latency, seconds, is_late)

            session = LiveSession(service.inference, account, conversion, cost, inbox, observe_step)
            held.callback(
                lambda: record.notes.update(session.stats().to_builtins(), latency=start.latency)
            )
            async with aclosing(session.convert()) as pieces:
                async for pcm in pieces:
                    await socket.send_bytes(pcm)
            await socket.send_message(LiveDone(type="done", stats=session.stats()))
            await socket.close()

    async def _prepare(
        self, account: RequestAccount, start: LiveRequest, chunk_frames: int
    ) -> LiveConversion:
        async with deadline(self._context.settings.deadline_seconds):
            service = self._context.get_service()
            return await service.prepare_live(account, start, chunk_frames)

    async def _end_when_draining(self) -> None:
        await self._drain()
        self._context.check_ready()


async def _read(socket: WebSocket, inbox: LiveInbox, account: RequestAccount) -> None:
    """Read messages into the inbox until the client closes the connection."""
    while True:
        await inbox.wait_for_room()
        message = await socket.receive(patient=inbox.ended)
        if isinstance(message, bytes):
            earlier = inbox.seconds
            inbox.put(message)
            account.add_audio_in(inbox.seconds - earlier)
        elif not inbox.ended and _says_end(message):
            inbox.end()
        else:
            raise audio_was_due()


def _says_end(text: str) -> bool:
    body = bytearray(text, "utf-8", "surrogatepass")
    return len(body) <= _LONGEST_TEXT_BYTES and parse_object(body).get("type") == "end"


async def _first_of(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run several at once until the first ends, and end as it does."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
                return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _choose_subprotocol(offered: list[str]) -> str | None:
    """Choose what a browser that offered anything insists on, if possible not the key."""
    if SUBPROTOCOL in offered:
        return SUBPROTOCOL
    return offered[0] if offered else None
