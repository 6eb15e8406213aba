"""JSON schemas of what the API takes, made from the table of fields."""

from __future__ import annotations

from server.messages.fields import (
    AUDIO,
    SEED,
    SOURCE_AUDIO,
    TARGET_AUDIO,
    TARGET_TONE,
    TAU,
    TEMPERATURE,
    Field,
)
from server.openapi.answer_schemas import Schema, entity
from server.settings import Settings

_NULL: Schema = {"type": "null"}
_BASE64_AUDIO: Schema = {"type": "string", "format": "audio-base64"}
_FILE: Schema = {"type": "string", "format": "binary"}
_TONE: Schema = {"type": "string", "format": "tone"}
_NUMBERS = (TAU, TEMPERATURE, SEED)
_NUMBER_NAMES = tuple(field.name for field in _NUMBERS)


def clone_json(settings: Settings) -> Schema:
    """Return the schema of a clone request in JSON: the target comes as audio or as a tone."""
    target = {"anyOf": [_BASE64_AUDIO, _several(_BASE64_AUDIO, settings)]}
    common = {
        SOURCE_AUDIO.name: _described(_BASE64_AUDIO, SOURCE_AUDIO),
        **{f.name: _described({"anyOf": [_number(f), _NULL]}, f) for f in _NUMBERS},
    }
    by_audio = {TARGET_AUDIO.name: _described(target, TARGET_AUDIO), TARGET_TONE.name: _NULL}
    by_tone = {TARGET_TONE.name: _described(_TONE, TARGET_TONE), TARGET_AUDIO.name: _NULL}
    return {
        "anyOf": [
            entity(by_audio | common, (TARGET_TONE.name, *_NUMBER_NAMES)),
            entity(by_tone | common, (TARGET_AUDIO.name, *_NUMBER_NAMES)),
        ]
    }


def clone_form(settings: Settings) -> Schema:
    """Return the schema of a clone request as a form; the target clips are repeated parts."""
    common = {
        SOURCE_AUDIO.name: _described(_FILE, SOURCE_AUDIO),
        **{f.name: _described(_number(f), f) for f in _NUMBERS},
    }
    by_audio = {TARGET_AUDIO.name: _described(_several(_FILE, settings), TARGET_AUDIO)}
    by_tone = {TARGET_TONE.name: _described(_TONE, TARGET_TONE)}
    return {"anyOf": [entity(by | common, _NUMBER_NAMES) for by in (by_audio, by_tone)]}


def tone_json() -> Schema:
    """Return the schema of a tone request in JSON."""
    return entity({AUDIO.name: _described(_BASE64_AUDIO, AUDIO)})


def tone_form() -> Schema:
    """Return the schema of a tone request as a form."""
    return entity({AUDIO.name: _described(_FILE, AUDIO)})


def _several(clip: Schema, settings: Settings) -> Schema:
    return {"type": "array", "items": clip, "minItems": 1, "maxItems": settings.target_clips}


def _number(field: Field) -> Schema:
    return {"type": field.kind, "minimum": 0, "maximum": field.maximum}


def _described(schema: Schema, field: Field) -> Schema:
    texts = {"description": field.about["en"], "x-description-zh": field.about["zh"]}
    return schema | texts | ({} if field.default is None else {"default": field.default})
