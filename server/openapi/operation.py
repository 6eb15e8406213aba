"""One operation of the API: what an address takes and gives, as its endpoint declares it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from server.http.answers import JSON_TYPE
from server.http.request_parser import FORM
from server.messages.error import ErrorDetail, ErrorForm
from server.messages.errors import ERRORS
from server.messages.message import Message, Text
from server.messages.requests import Request
from server.openapi.answer_schema import (
    Schema,
    answer_schema,
    error_schema,
    example_of,
    lines_schema,
)
from server.openapi.request_schema import example_request, form_schema, json_schema

Answer = type[Message] | tuple[type[Message], ...] | Schema
"""A message, the messages of an answer in lines, or the schema of something else."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a request has in its path or in its query.

    Args:
        name: Its name.
        place: Where it is.
        schema: The schema of its value.
        about: What it means.
    """

    name: str
    place: Literal["path", "query"]
    schema: Schema
    about: Text

    def describe(self) -> Schema:
        """Return the OpenAPI parameter object."""
        return {
            "name": self.name,
            "in": self.place,
            "required": self.place == "path",
            "schema": self.schema,
            "description": self.about.en,
            "x-description-zh": self.about.zh,
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Args:
        path: The path, as the router has it.
        method: The HTTP method in lower case.
        name: The operation's id.
        about: What it does.
        answers: The answers of success, by content type.
        errors: The errors that it may answer.
        request: The body that it takes, as JSON or as a form; None where it takes none.
        parameters: The values that it takes in its path and its query.
        status: The status of success.
        error_form: How its errors are answered; None for the API's own form.
    """

    path: str
    method: str
    name: str
    about: Text
    answers: Mapping[str, Answer]
    errors: Sequence[type[ErrorDetail]]
    request: type[Request] | None = None
    parameters: Sequence[Parameter] = ()
    status: int = 200
    error_form: ErrorForm | None = None

    def describe(self, needs_key: bool, most_clips: int, example: Message | None) -> Schema:
        """Return the OpenAPI operation object.

        Args:
            needs_key: Whether a request must carry the API key.
            most_clips: Most clips in a list of them.
            example: A JSON answer of this server, where one is known.
        """
        answers = {kind: _describe_answer(answer) for kind, answer in self.answers.items()}
        if example is not None:
            answers[JSON_TYPE]["example"] = example.to_builtins()
        found: Schema = {
            "operationId": self.name,
            "summary": self.about.en,
            "description": self.about.en,
            "x-description-zh": self.about.zh,
            "responses": {
                str(self.status): {
                    "description": HTTPStatus(self.status).phrase,
                    "content": answers,
                }
            }
            | self._error_responses(),
        }
        if self.parameters:
            found["parameters"] = [parameter.describe() for parameter in self.parameters]
        if self.request is not None:
            content = {
                JSON_TYPE: {
                    "schema": json_schema(self.request, most_clips),
                    "example": example_request(self.request),
                },
                FORM: {"schema": form_schema(self.request, most_clips)},
            }
            found["requestBody"] = {"required": True, "content": content}
        if needs_key:
            found["security"] = [{"key": []}]
        return found

    def _error_responses(self) -> dict[str, Any]:
        by_status: dict[int, list[str]] = {}
        for code, error in ERRORS.items():
            if error in self.errors:
                form = self.error_form
                status = error.status if form is None else form.status_of(error)
                by_status.setdefault(status, []).append(code)
        return {
            str(status): {
                "description": ", ".join(codes),
                "content": {JSON_TYPE: {"schema": self._error_schema(codes)}},
            }
            for status, codes in sorted(by_status.items())
        }

    def _error_schema(self, codes: Sequence[str]) -> Schema:
        return (
            error_schema(codes)
            if self.error_form is None
            else answer_schema(self.error_form.answer)
        )


def _describe_answer(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, dict):
        return {"schema": answer}
    if isinstance(answer, tuple):
        examples = (json.dumps(example_of(line), ensure_ascii=False) for line in answer)
        return {
            "schema": lines_schema(answer),
            "example": "".join(example + "\n" for example in examples),
        }
    return {"schema": answer_schema(answer), "example": example_of(answer)}
