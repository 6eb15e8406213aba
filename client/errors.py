"""Errors that the client raises.

::

    ClientError
    ├── UnreadableAudio     a local file cannot be read or cut
    ├── Unreachable         the connection failed or broke
    ├── UnexpectedAnswer    the answer is not one of this API
    └── ApiError            the server refused the request or failed, and said why
        └── Overloaded      status 429 or 503, still after the last retry
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
    """The answer is not one of this API."""


class ApiError(ClientError):
    """An error that the server reported.

    Attributes:
        status: HTTP status; 200 for an error that ended a stream after it had begun.
        code: Error code of the API, such as `audio_too_short`; the same in every language.
        message: Advice on what to do, in the language that the client asked for.
        param: Request field at fault, or None.
        facts: Further facts, such as measured and allowed seconds.
        request_id: Id of the request in the server's log, or None.
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
    """The server was busy or not ready (status 429 or 503), still after the last retry."""
