"""JSON schemas and examples of answers and errors, made from their declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from server.messages.error import ErrorAnswer
from server.messages.errors import ERRORS
from server.messages.message import Language, Message, Text

Schema = dict[str, Any]

_CODE: Schema = {
    "description": "What went wrong; a code never changes.",
    "x-description-zh": "错误码，不会改变。",
}


def answer_schema(message: type[Message]) -> Schema:
    """Return the closed schema of an answer, in which no schema refers to another."""
    (schema,), components = msgspec.json.schema_components(
        [message], schema_hook=_text_schema, ref_template="{name}"
    )
    return dict(_inline(schema, components))


def lines_schema(lines: Sequence[type[Message]]) -> Schema:
    """Return the schema of a line of an answer in lines."""
    errors = error_schema(tuple(ERRORS))
    return {"anyOf": [*(answer_schema(line) for line in lines), errors]}


def error_schema(codes: Sequence[str]) -> Schema:
    """Return the schema of an error that has one of these codes."""
    schema = answer_schema(ErrorAnswer)
    details = [answer_schema(ERRORS[code]) for code in codes]
    for detail in details:
        detail["properties"]["code"] |= _CODE
    texts = {
        name: text
        for name, text in schema["properties"]["error"].items()
        if name in ("description", "x-description-zh")
    }
    schema["properties"]["error"] = texts | {"anyOf": details}
    return schema


def error_rows() -> list[dict[str, Any]]:
    """Return the table of errors, as the page shows it."""
    return [
        {
            "code": code,
            "status": error.status,
            "message_en": error.message.en,
            "message_zh": error.message.zh,
            "facts": {
                name: schema
                for name, schema in answer_schema(error)["properties"].items()
                if name not in ("code", "param")
            },
            "example": example_of(error, "zh"),
        }
        for code, error in ERRORS.items()
    ]


def example_of(message: type[Message], language: Language = "en") -> dict[str, Any]:
    """Return an example of a message, made from its fields' examples."""
    found: dict[str, Any] = {}
    tag = message.__struct_config__.tag
    if tag is not None:
        found[str(message.__struct_config__.tag_field)] = tag
    hints = get_type_hints(message, include_extras=True)
    for name in message.__struct_fields__:
        kind, *metas = get_args(hints[name])
        if isinstance(kind, type) and issubclass(kind, Message):
            found[name] = example_of(kind, language)
            continue
        if get_origin(kind) is list and issubclass(get_args(kind)[0], Message):
            found[name] = [example_of(get_args(kind)[0], language)]
            continue
        for meta in metas:
            example = meta.extra and meta.extra["example"]
            if isinstance(meta, Meta) and example is not None:
                found[name] = example.to(language) if isinstance(example, Text) else example
    return found


def _text_schema(kind: type) -> Schema:
    if kind is Text:
        return {"type": "string"}
    raise NotImplementedError(kind)


def _inline(node: Any, components: Schema) -> Any:
    """Replace references by what they refer to, and lists of one value by that value."""
    if isinstance(node, list):
        return [_inline(each, components) for each in node]
    if not isinstance(node, dict):
        return node
    inlined = {name: _inline(value, components) for name, value in node.items()}
    reference = inlined.pop("$ref", None)
    if reference is not None:
        # Its title and description are the class's name and docstring, which are not for clients.
        declared = {**components[reference], "title": None, "description": None}
        found = {name: value for name, value in declared.items() if value is not None}
        inlined = _inline(found, components) | inlined
    if len(inlined.get("enum", ())) == 1:
        (inlined["const"],) = inlined.pop("enum")
    return inlined
