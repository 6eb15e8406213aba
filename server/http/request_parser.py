"""Request bodies to typed requests: parsed, fields validated, base64 decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import UNSET

from server.http import base64_text
from server.http.json_body import parse_object
from server.http.multipart import parse_form
from server.messages.error import ApiError
from server.messages.errors import InvalidBase64, UnsupportedMediaType
from server.messages.field_validation import (
    check_alternatives,
    check_shape,
    convert_value,
    convert_voice,
)
from server.messages.requests import Clip, Request, RequestField, fields_of

JSON = "application/json"
FORM = "multipart/form-data"

R = TypeVar("R", bound=Request)


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header; an absent one counts as JSON.

    Raises:
        ApiError: `unsupported_media_type`.
    """
    found = content_type.partition(";")[0].strip().lower() or JSON
    if found not in (JSON, FORM):
        raise ApiError(UnsupportedMediaType())
    return found


def parse_request(body: bytearray, content_type: str, request: type[R], most_clips: int) -> R:
    """Parse the body of a request; a JSON body is emptied as it is parsed.

    Args:
        body: The body.
        content_type: The Content-Type header.
        request: The request's type.
        most_clips: Most clips in a list of them.

    Raises:
        ApiError: The body or a field cannot be used. Everything that costs little is checked
            before base64 is decoded.
    """
    fields = fields_of(request)
    if media_type(content_type) == FORM:
        values: Mapping[str, Any] = parse_form(body, content_type, fields)
    else:
        values = parse_object(body)
    given = {name: value for name, value in values.items() if value is not None}
    parsed = {
        field.name: convert_value(field, given[field.name])
        for field in fields
        if field.kind in ("flag", "number", "integer", "choice") and field.name in given
    }
    check_alternatives(request, given)
    for field in fields:
        check_shape(field, given, most_clips)
    for field in fields:
        if field.name not in given or field.name in parsed:
            continue
        value = given[field.name]
        if field.kind == "clip":
            parsed[field.name] = _clip(field, value)
        elif field.kind == "clips":
            parsed[field.name] = _clips(field, value)
        elif field.kind in ("name", "voice"):
            parsed[field.name] = convert_voice(field, value)
        else:
            parsed[field.name] = value
    return request(**parsed)


def _clips(field: RequestField, value: Any) -> tuple[Clip, ...]:
    if not isinstance(value, list):
        return (_clip(field, value),)
    return tuple(_clip(field, each, index) for index, each in enumerate(value))


def _clip(field: RequestField, value: Any, index: int | None = None) -> Clip:
    if isinstance(value, memoryview):
        return Clip(value, field.name, index)
    if not isinstance(value, str):
        raise field.invalid()
    try:
        return Clip(base64_text.decode(value), field.name, index)
    except ValueError:
        place = UNSET if index is None else index
        raise ApiError(InvalidBase64(param=field.name, index=place)) from None
