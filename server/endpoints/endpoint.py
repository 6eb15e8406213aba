"""An operation with the code that serves it, and the routes of several."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import isfunction, ismethod
from typing import TypeGuard, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.openapi.operation import Operation

Handler = Callable[[Request], Awaitable[Response]] | ASGIApp


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation and its handler.

    Args:
        operation: What it takes and gives.
        handler: A function of a request, or an ASGI endpoint.
    """

    operation: Operation
    handler: Handler


class _Methods:
    """ASGI endpoint of one path, which leaves each method to its handler."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._apps = {each.operation.method.upper(): _to_app(each.handler) for each in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        await self._apps[method](scope, receive, send)


def create_routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    """Return the routes that the router needs, one for each path with all of its methods."""
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.operation.path, []).append(endpoint)
    return [
        Route(
            path,
            # The router would answer other methods with those of the first route of a path alone.
            each[0].handler if len(each) == 1 else _Methods(each),
            methods=[one.operation.method.upper() for one in each],
        )
        for path, each in by_path.items()
    ]


def _to_app(handler: Handler) -> ASGIApp:
    return request_response(handler) if _is_function(handler) else cast(ASGIApp, handler)


def _is_function(handler: Handler) -> TypeGuard[Callable[[Request], Awaitable[Response]]]:
    """Tell functions of a request from ASGI endpoints, as Starlette does."""
    return isfunction(handler) or ismethod(handler)
