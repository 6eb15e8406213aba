"""What the log line and the metrics say of one request, gathered while it is served."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from server.telemetry.traces import Trace

_STATE = "record"


@dataclass(slots=True)
class RequestRecord:
    """The record of one request, kept in its ASGI scope.

    Args:
        request_id: The id in the log, in the header X-Request-ID and in error answers.
        outcome: `ok`, an error's code, or `client_gone`.
        key_name: Name of the API key that it was sent with; empty where the key has none.
        notes: More fields of the log line.
        trace: Span of the request; None where requests are not traced.
    """

    request_id: str
    outcome: str = "ok"
    key_name: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    trace: Trace | None = None

    def attach(self, scope: Scope) -> None:
        """Keep the record in a request's scope."""
        scope.setdefault("state", {})[_STATE] = self

    @staticmethod
    def of(scope: Scope) -> RequestRecord:
        """Return the record of a request."""
        record: RequestRecord = scope["state"][_STATE]
        return record
