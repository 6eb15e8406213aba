"""/openapi.json: the document that describes every operation of one server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from server.messages.errors import ERRORS
from server.openapi import answer_schemas
from server.openapi.operation import Operation


def make_document(
    operations: Sequence[Operation],
    needs_key: Callable[[str], bool],
    examples: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Args:
        operations: Every operation, in the order in which it is shown.
        needs_key: Tells whether a path needs the API key.
        examples: What this server answers now, by path.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = operation.path
        described = operation.describe(needs_key(path), examples.get(path))
        paths.setdefault(path, {})[operation.method] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenVoice Tone Clone",
            "version": "v2",
            "description": "Says what one recording says, in the voice of another.",
            "x-description-zh": "用另一个人的音色说出一段语音的内容。",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": answer_schemas.error(tuple(ERRORS))},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "x-errors": answer_schemas.error_rows(),
    }
