"""/openapi.json: the document that describes every operation of one server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from server.messages.errors import ERRORS
from server.messages.message import Message
from server.openapi.answer_schema import error_rows, error_schema
from server.openapi.operation import Operation


def make_document(
    operations: Sequence[Operation],
    needs_key: Callable[[str], bool],
    most_clips: int,
    examples: Mapping[str, Message],
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Args:
        operations: Every operation, in the order in which it is shown.
        needs_key: Tells whether a path needs the API key.
        most_clips: Most clips in a list of them.
        examples: What this server answers now, by path.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = operation.path
        described = operation.describe(needs_key(path), most_clips, examples.get(path))
        paths.setdefault(path, {})[operation.method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenVoice Tone Clone",
            "version": "v2",
            "description": "Converts speech to the voice of another recording; the words stay.",
            "x-description-zh": "把一段语音转换成另一个人的音色，内容不变。",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": error_schema(tuple(ERRORS))},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "x-errors": error_rows(),
    }
