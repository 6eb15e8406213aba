"""Validation of the fields of a request: present, of the right type, within bounds, not NaN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from server.messages.error import ApiError
from server.messages.errors import MissingField
from server.messages.requests import Request, RequestField, field_of
from server.messages.voice_names import VoiceMix, VoiceName, parse_name


def check_alternatives(request: type[Request], given: Mapping[str, Any]) -> None:
    """Check that exactly one of a request's alternative fields is given.

    Raises:
        ApiError: `missing_field` or `invalid_field`.
    """
    chosen = [name for name in request.alternatives if name in given]
    if request.alternatives and not chosen:
        raise ApiError(MissingField(param=request.alternatives[0]))
    if len(chosen) > 1:
        raise field_of(request, chosen[1]).invalid()


def check_shape(field: RequestField, given: Mapping[str, Any], most_clips: int) -> None:
    """Check what can be checked of a field without decoding it.

    Raises:
        ApiError: `missing_field` or `invalid_field`.
    """
    value = given.get(field.name)
    if value is None:
        if field.required:
            raise ApiError(MissingField(param=field.name))
    elif (field.kind in ("text", "name") and not isinstance(value, str)) or (
        field.kind == "clips" and isinstance(value, list) and not 1 <= len(value) <= most_clips
    ):
        raise field.invalid()


def convert_value(field: RequestField, value: Any) -> Any:
    """Convert a number, a flag or a choice to its type; NaN and infinity are no numbers.

    Raises:
        ApiError: `invalid_field`.
    """
    if field.kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        # NaN satisfies no bound, so it is refused here and not as malformed JSON.
        return msgspec.convert(value, field.annotation)
    except msgspec.ValidationError:
        raise field.invalid() from None


def convert_voice(field: RequestField, value: Any) -> VoiceName | VoiceMix:
    """Convert the name of a voice, or a mix of voices.

    Raises:
        ApiError: `invalid_field`.
    """
    found = parse_name(value) if field.kind == "name" else VoiceMix.parse(value)
    if found is None:
        raise field.invalid()
    return found
