"""An operation with the code that serves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from server.openapi.operation import Operation


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation and its handler.

    Args:
        operation: What it takes and gives.
        handler: A function of a request, or an ASGI endpoint.
    """

    operation: Operation
    handler: Callable[[Request], Awaitable[Response]] | ASGIApp

    def route(self) -> Route:
        """Return the route that the router needs."""
        operation = self.operation
        return Route(operation.path, self.handler, methods=[operation.method.upper()])
