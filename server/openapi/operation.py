"""One operation of the API: what an address takes and gives, as its endpoint declares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.messages.errors import ERRORS, Texts
from server.openapi import answer_schemas
from server.openapi.answer_schemas import Schema

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Args:
        path: The path, as the router has it.
        method: The HTTP method in lower case.
        name: The operation's id.
        about: What it does, in each language.
        answers: Of status 200: a schema, and perhaps an example, by content type.
        errors: The codes of the errors that it may answer.
        requests: The bodies that it takes: a schema, and perhaps an example, by content type.
    """

    path: str
    method: str
    name: str
    about: Texts
    answers: Mapping[str, Schema]
    errors: Sequence[str]
    requests: Mapping[str, Schema] = field(default_factory=dict)

    def describe(self, needs_key: bool, example: Any = None) -> dict[str, Any]:
        """Return the OpenAPI operation object.

        Args:
            needs_key: Whether a request must carry the API key.
            example: A JSON answer of this server, where one is known.
        """
        answers = dict(self.answers)
        if example is not None:
            answers[JSON_TYPE] = {**answers[JSON_TYPE], "example": example}
        found: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.about["en"],
            "description": self.about["en"],
            "x-description-zh": self.about["zh"],
            "responses": {"200": {"description": "OK", "content": answers}}
            | self._error_responses(),
        }
        if self.requests:
            found["requestBody"] = {"required": True, "content": dict(self.requests)}
        if needs_key:
            found["security"] = [{"key": []}]
        return found

    def _error_responses(self) -> dict[str, Any]:
        by_status: dict[int, list[str]] = {}
        for code in self.errors:
            by_status.setdefault(ERRORS[code].status, []).append(code)
        return {
            str(status): {
                "description": ", ".join(codes),
                "content": {JSON_TYPE: {"schema": answer_schemas.error(codes)}},
            }
            for status, codes in sorted(by_status.items())
        }
