"""A request's body to a typed request: JSON or a form, its fields checked, base64 decoded."""

from __future__ import annotations

from typing import Any

from server.http import base64_text
from server.http.json_body import parse_object
from server.http.multipart import parse_form
from server.messages import fields
from server.messages.errors import ApiError
from server.messages.fields import Field
from server.messages.requests import Clip, CloneRequest

JSON = "application/json"
FORM = "multipart/form-data"


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header; an absent one counts as JSON.

    Raises:
        ApiError: `unsupported_media_type`.
    """
    found = content_type.partition(";")[0].strip().lower() or JSON
    if found not in (JSON, FORM):
        raise ApiError("unsupported_media_type")
    return found


def parse_clone(body: bytearray, content_type: str, most_targets: int) -> CloneRequest:
    """Parse the body of a clone request; a JSON body is emptied as it is parsed.

    Raises:
        ApiError: The body or a field cannot be used; numbers are checked before base64 is decoded.
    """
    values = _values(body, content_type, fields.CLONE_FIELDS)
    tau, temperature, seed = (
        field.number(values.get(field.name))
        for field in (fields.TAU, fields.TEMPERATURE, fields.SEED)
    )
    tone = values.get(fields.TARGET_TONE.name)
    if tone is None:
        targets = _clips(fields.take(values, fields.TARGET_AUDIO), most_targets)
    elif not isinstance(tone, str) or values.get(fields.TARGET_AUDIO.name) is not None:
        raise fields.TARGET_TONE.invalid()
    else:
        targets = []
    source = fields.take(values, fields.SOURCE_AUDIO)
    return CloneRequest(
        targets=tuple(_clip(fields.TARGET_AUDIO, value, index) for index, value in targets),
        target_tone=tone,
        source=_clip(fields.SOURCE_AUDIO, source),
        tau=tau,
        temperature=temperature,
        seed=None if seed is None else int(seed),
    )


def parse_tone(body: bytearray, content_type: str) -> Clip:
    """Parse the body of a tone request; a JSON body is emptied as it is parsed.

    Raises:
        ApiError: The body or the field cannot be used.
    """
    values = _values(body, content_type, fields.TONE_FIELDS)
    return _clip(fields.AUDIO, fields.take(values, fields.AUDIO))


def _values(body: bytearray, content_type: str, known: tuple[Field, ...]) -> dict[str, Any]:
    if media_type(content_type) == FORM:
        return parse_form(body, content_type, known)
    return parse_object(body)


def _clips(value: Any, most: int) -> list[tuple[int | None, Any]]:
    if not isinstance(value, list):
        return [(None, value)]
    if not 1 <= len(value) <= most:
        raise fields.TARGET_AUDIO.invalid()
    return list(enumerate(value))


def _clip(field: Field, value: Any, index: int | None = None) -> Clip:
    if isinstance(value, memoryview):
        return Clip(value, field.name, index)
    if not isinstance(value, str):
        raise field.invalid()
    try:
        return Clip(base64_text.decode(value), field.name, index)
    except ValueError:
        place = {} if index is None else {"index": index}
        raise ApiError("invalid_base64", param=field.name, facts=place) from None
