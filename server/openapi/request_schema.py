"""JSON schemas and examples of requests, made from their declarations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from runtime import wav
from server.http import base64_text
from server.messages.requests import Request, RequestField, fields_of
from server.messages.voice_names import MAXIMUM_MIXED_VOICES, MAXIMUM_NAME_CHARACTERS
from server.openapi.answer_schema import Schema

_NULL: Schema = {"type": "null"}
_BASE64: Schema = {"type": "string", "format": "audio-base64"}
_FILE: Schema = {"type": "string", "format": "binary"}
VOICE_NAME: Schema = {
    "type": "string",
    "format": "voice-name",
    "minLength": 1,
    "maxLength": MAXIMUM_NAME_CHARACTERS,
}
_MIX: Schema = {
    "type": "object",
    "propertyNames": VOICE_NAME,
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    "minProperties": 1,
    "maxProperties": MAXIMUM_MIXED_VOICES,
}

_RATE_HZ = 8000
_SECONDS = 0.6
_TARGET_PITCH_HZ = 210.0
_SOURCE_PITCH_HZ = 110.0


def json_schema(request: type[Request], most_clips: int) -> Schema:
    """Return the schema of a request in JSON.

    Args:
        request: The request's type.
        most_clips: Most clips in a list of them.
    """

    def property_of(field: RequestField) -> Schema:
        schema = _schema_of(field, _BASE64, most_clips)
        if field.kind == "clips":
            return {"anyOf": [_BASE64, schema]}
        is_plain = field.required or field.kind in ("text", "voice")
        return schema if is_plain else {"anyOf": [schema, _NULL]}

    return _alternatives(request, property_of, absent=_NULL)


def form_schema(request: type[Request], most_clips: int) -> Schema:
    """Return the schema of a request as a form, in which several clips are repeated parts.

    Args:
        request: The request's type.
        most_clips: Most clips of one name.
    """
    return _alternatives(request, lambda field: _schema_of(field, _FILE, most_clips), absent=None)


def example_request(request: type[Request]) -> dict[str, Any]:
    """Return a request in JSON that the API accepts, with short audio."""
    left_out = request.alternatives[1:]
    found: dict[str, Any] = {}
    for field in fields_of(request):
        if field.kind == "clips":
            found[field.name] = _data_url(_TARGET_PITCH_HZ)
        elif field.kind == "clip":
            found[field.name] = _data_url(_SOURCE_PITCH_HZ)
        elif field.name not in left_out and field.example is not None:
            found[field.name] = field.example
    return found


def _alternatives(
    request: type[Request], property_of: Callable[[RequestField], Schema], absent: Schema | None
) -> Schema:
    """Return one schema for each alternative, or the only one where there are none."""
    fields = fields_of(request)
    schemas = []
    for chosen in request.alternatives or ("",):
        properties: Schema = {}
        required: list[str] = []
        for field in fields:
            if field.name in request.alternatives and field.name != chosen:
                if absent is not None:
                    properties[field.name] = absent
                continue
            properties[field.name] = property_of(field) | _described(field)
            if field.required or field.name == chosen:
                required.append(field.name)
        schemas.append({"type": "object", "properties": properties, "required": required})
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _schema_of(field: RequestField, clip: Schema, most_clips: int) -> Schema:
    if field.kind == "clip":
        return clip
    if field.kind == "clips":
        return {"type": "array", "items": clip, "minItems": 1, "maxItems": most_clips}
    if field.kind == "name":
        return VOICE_NAME
    if field.kind == "voice":
        # A form has the weights as the text of a JSON object.
        return {"type": "string"} if clip is _FILE else {"anyOf": [VOICE_NAME, _MIX]}
    schema = msgspec.json.schema(field.annotation)
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != _NULL]
    for kind in kinds:
        schema |= kind
    return {name: schema[name] for name in schema if name not in _described(field)}


def _described(field: RequestField) -> Schema:
    texts = {"description": field.about.en, "x-description-zh": field.about.zh}
    return texts | ({} if field.default is None else {"default": field.default})


def _data_url(pitch_hz: float) -> str:
    """Return a WAV of a sound with a voice's harmonics that swells and fades."""
    time = np.arange(round(_SECONDS * _RATE_HZ)) / _RATE_HZ
    harmonics = np.arange(1, 12)[:, np.newaxis]
    buzz = (np.sin(2 * np.pi * pitch_hz * harmonics * time) / harmonics).sum(axis=0)
    loudness = 0.1 * (1 + np.sin(2 * np.pi * 4 * time))
    file = wav.encode((buzz * loudness).astype(np.float32), _RATE_HZ)
    return f"data:audio/wav;base64,{base64_text.encode(file).decode('ascii')}"
