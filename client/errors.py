"""What can go wrong, as a tree.

ClientError
├── UnreadableAudio     a local file cannot be read or cut
├── Unreachable         no connection, or it broke
├── UnexpectedAnswer    whoever answered does not speak this API
└── ApiError            the server refused or failed, and said why
    └── Overloaded      it did so for want of room or readiness, to the last retry
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of every error that this package raises."""


class UnreadableAudio(ClientError):
    """A local file cannot be read, or cannot be cut into pieces."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"cannot read {name}: {reason}")


class Unreachable(ClientError):
    """The server cannot be reached, or the connection broke."""

    def __init__(self, server: str, reason: str) -> None:
        self.server = server
        self.reason = reason
        super().__init__(f"cannot reach {server}: {reason}")


class UnexpectedAnswer(ClientError):
    """The answer is not one that this API gives."""


class ApiError(ClientError):
    """The server's own error.

    Attributes:
        status: HTTP status; 200 for an error that ended a stream already begun.
        code: the API's error code, such as `audio_too_short`. It never changes with the language.
        message: what to do about it, in the language that the client asked for.
        param: the request field at fault, or None.
        facts: what else the error states, such as measured and allowed seconds.
        request_id: the id under which the server's log has the request, or None.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        facts: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.facts = dict(facts or {})
        self.request_id = request_id
        field = f" ({param})" if param else ""
        super().__init__(f"{code}{field}: {message}")


class Overloaded(ApiError):
    """Status 429 or 503, still after the last retry."""
