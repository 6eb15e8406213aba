"""multipart/form-data from request bodies, in memory: nothing of a request is written to disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from server.http.json_body import parse_number
from server.messages.error import ApiError
from server.messages.errors import InvalidMultipart
from server.messages.requests import RequestField

MAXIMUM_PARTS = 64


@dataclass(slots=True)
class Part:
    """One part of a form: its name, whether it is a file, and where its bytes are in the body."""

    name: str = ""
    is_file: bool = False
    start: int = 0
    end: int = 0


class _Collector:
    """Callbacks of the parser, which is given the whole body, so that a part is one range of it."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._name = bytearray()
        self._value = bytearray()

    def on_part_begin(self) -> None:
        if len(self.parts) == MAXIMUM_PARTS:
            raise ApiError(InvalidMultipart())
        self.parts.append(Part())

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self.parts[-1].name = options.get(b"name", b"").decode("utf-8", "replace")
            self.parts[-1].is_file = b"filename" in options
        self._name.clear()
        self._value.clear()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self.parts[-1]
        part.start = part.start or start
        part.end = end

    def on_end(self) -> None:
        self.ended = True


def parse_form(
    body: bytearray, content_type: str, fields: tuple[RequestField, ...]
) -> dict[str, Any]:
    """Parse a form into the values that a JSON body would have.

    Args:
        body: The form; files are returned as views of it.
        content_type: The Content-Type header, with the boundary.
        fields: Fields of the request; other parts are ignored.

    Returns:
        Values by field name: a file as memoryview, text as str, numbers as numbers; a list where
        several parts have the name of a list of clips.

    Raises:
        ApiError: `invalid_multipart`; `invalid_field` for text that is not a number and for a
            field sent twice.
    """
    view = memoryview(body)
    values: dict[str, Any] = {}
    for part in _parts(body, content_type):
        field = next((f for f in fields if f.name == part.name), None)
        data = view[part.start : part.end]
        if field is None or (part.is_file and not len(data)):
            continue
        value = data if part.is_file else _value(data, field)
        if value is None:
            continue
        if field.name not in values:
            values[field.name] = value
        elif field.kind == "clips":
            earlier = values[field.name]
            values[field.name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            raise field.invalid()
    return values


def _parts(body: bytearray, content_type: str) -> list[Part]:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    collector = _Collector()
    if not boundary:
        raise ApiError(InvalidMultipart())
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collector.on_part_begin,
                "on_header_field": collector.on_header_field,
                "on_header_value": collector.on_header_value,
                "on_header_end": collector.on_header_end,
                "on_part_data": collector.on_part_data,
                "on_end": collector.on_end,
            },
        )
        parser.write(body)  # type: ignore[arg-type]  # any buffer with find() works
    except FormParserError:
        raise ApiError(InvalidMultipart()) from None
    if not collector.ended:
        raise ApiError(InvalidMultipart())
    return collector.parts


def _value(data: memoryview, field: RequestField) -> Any:
    """Parse a part that is not marked as a file: text, or a file if it is not text."""
    try:
        text = str(data, "utf-8")
        if field.kind == "voice" and text.startswith("{"):
            return json.loads(text)
        if field.kind in ("flag", "number", "integer"):
            return parse_number(text)
        return text or None
    except (ValueError, RecursionError):
        if field.kind in ("clip", "clips"):
            return data
        raise field.invalid() from None
