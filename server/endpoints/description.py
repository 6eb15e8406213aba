"""GET /openapi.json: the description of every operation, with this server's answers as examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.status import make_health, make_info
from server.http.answers import JSON_TYPE, to_json
from server.messages.errors import ApiError
from server.openapi.document import make_document
from server.openapi.operation import Operation

_OPERATION = Operation(
    "/openapi.json",
    "get",
    "openapi",
    {"zh": "本文档。", "en": "This document."},
    {JSON_TYPE: {"schema": {"type": "object"}}},
    ("internal",),
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
    operations = [*(endpoint.operation for endpoint in described), _OPERATION]

    async def describe(request: Request) -> Response:
        document = make_document(operations, needs_key, _live_answers(context))
        return Response(to_json(document), media_type=JSON_TYPE)

    return Endpoint(_OPERATION, describe)


def _live_answers(context: Context) -> dict[str, Any]:
    try:
        service = context.get_service()
    except ApiError:
        return {}  # The model is still loading.
    info = make_info(service, context.settings)
    return {"/api/info": info, "/api/health": make_health(info["sample_rate"])}
