"""GET /openapi.json: the description of every operation, with this server's answers as examples."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.status import make_health, make_info
from server.http.answers import JSON_TYPE, encode_object
from server.messages.error import ApiError
from server.messages.errors import Internal
from server.messages.message import Message, Text
from server.openapi.document import make_document
from server.openapi.operation import Operation

_OPERATION = Operation(
    "/openapi.json",
    "get",
    "openapi",
    Text("本文档。", "This document."),
    {JSON_TYPE: {"type": "object"}},
    (Internal,),
)


def create(
    context: Context, described: Sequence[Endpoint], needs_key: Callable[[str], bool]
) -> Endpoint:
    """Return the endpoint of one server.

    Args:
        context: The server.
        described: The other endpoints.
        needs_key: Tells whether a path needs the API key.
    """
    most_clips = context.settings.target_clips
    operations = [*(endpoint.operation for endpoint in described), _OPERATION]

    encoded = b""

    def encode(live: dict[str, Message]) -> bytes:
        return encode_object(make_document(operations, needs_key, most_clips, live))

    async def describe(request: Request) -> Response:
        nonlocal encoded
        document = encoded
        if not document:
            live = _live_answers(context)
            # Making it takes tens of milliseconds, in which the event loop should not stand still.
            document = await asyncio.to_thread(encode, live)
            if live:
                encoded = document
        return Response(document, media_type=JSON_TYPE)

    return Endpoint(_OPERATION, describe)


def _live_answers(context: Context) -> dict[str, Message]:
    try:
        service = context.get_service()
    except ApiError:
        return {}  # The model is still loading.
    info = make_info(service, context.settings)
    return {"/api/info": info, "/api/health": make_health(info.sample_rate)}
