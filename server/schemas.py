"""JSON schemas of requests and answers, made from the tables of fields, limits and errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.errors import ERRORS, ErrorRow
from server.fields import (
    AUDIO,
    SEED,
    SOURCE_AUDIO,
    TARGET_AUDIO,
    TARGET_TONE,
    TAU,
    TEMPERATURE,
    Field,
)
from server.limits import LIMITS
from server.settings import Settings

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TRUE: Schema = {"const": True}
STRINGS: Schema = {"type": "array", "items": STRING}
NULL: Schema = {"type": "null"}

_BASE64_AUDIO: Schema = {"type": "string", "format": "audio-base64"}
_FILE: Schema = {"type": "string", "format": "binary"}
_TONE: Schema = {"type": "string", "format": "tone"}


def entity(properties: dict[str, Schema], optional: Sequence[str] = ()) -> Schema:
    """Return the schema of an object whose properties are all there but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def clone_request(settings: Settings) -> Schema:
    """Return the schema of a clone request in JSON: the target comes as audio or as a tone."""
    clips = {"type": "array", "items": _BASE64_AUDIO, "minItems": 1}
    target = {"anyOf": [_BASE64_AUDIO, clips | {"maxItems": settings.target_clips}]}
    common = {
        SOURCE_AUDIO.name: _described(_BASE64_AUDIO, SOURCE_AUDIO),
        **{
            field.name: _described({"anyOf": [_number(field), NULL]}, field)
            for field in (TAU, TEMPERATURE, SEED)
        },
    }
    optional = (TAU.name, TEMPERATURE.name, SEED.name)
    by_audio = {TARGET_AUDIO.name: _described(target, TARGET_AUDIO), TARGET_TONE.name: NULL}
    by_tone = {TARGET_TONE.name: _described(_TONE, TARGET_TONE), TARGET_AUDIO.name: NULL}
    return {
        "anyOf": [
            entity(by_audio | common, (TARGET_TONE.name, *optional)),
            entity(by_tone | common, (TARGET_AUDIO.name, *optional)),
        ]
    }


def clone_form(settings: Settings) -> Schema:
    """Return the schema of a clone request as a form; the target clips are repeated parts."""
    clips = {"type": "array", "items": _FILE, "minItems": 1, "maxItems": settings.target_clips}
    properties = {
        TARGET_AUDIO.name: _described(clips, TARGET_AUDIO),
        SOURCE_AUDIO.name: _described(_FILE, SOURCE_AUDIO),
        **{f.name: _described(_number(f), f) for f in (TAU, TEMPERATURE, SEED)},
    }
    return entity(properties, (TAU.name, TEMPERATURE.name, SEED.name))


def tone_request() -> Schema:
    """Return the schema of a tone request in JSON."""
    return entity({AUDIO.name: _described(_BASE64_AUDIO, AUDIO)})


def tone_form() -> Schema:
    """Return the schema of a tone request as a form."""
    return entity({AUDIO.name: _described(_FILE, AUDIO)})


def error(codes: Sequence[str]) -> Schema:
    """Return the schema of an error that is one of these codes."""
    detail = entity({"code": STRING | {"enum": list(codes)}, "param": STRING}, ("param",))
    facts = {name: kind for code in codes for name, kind in ERRORS[code].facts.items()}
    for name, kind in facts.items():
        detail["properties"][name] = {"type": kind}
    return entity(
        {
            "success": {"const": False},
            "message": STRING,
            "error": detail,
            "request_id": STRING,
        }
    )


STATS = entity({name: STRING for name in ("extract_time", "clone_time", "total_time")})

CLONED = entity(
    {
        "success": TRUE,
        "message": STRING,
        "result_audio": STRING | {"contentEncoding": "base64", "contentMediaType": "audio/wav"},
        "stats": STATS,
    }
)

TONE = entity({"success": TRUE, "tone": _TONE, "seconds": NUMBER, "warnings": STRINGS})

HEALTH = entity({"status": {"const": "ok"}, "message": STRING, "sample_rate": INTEGER})

STATUS = entity({"status": STRING})

STREAM_LINES: Schema = {
    "anyOf": [
        entity(
            {
                "success": TRUE,
                "format": STRING,
                "sample_rate": INTEGER,
                "channels": INTEGER,
                "seconds": NUMBER,
                "samples": INTEGER,
                "windows": INTEGER,
                "request_id": STRING,
            }
        ),
        entity(
            {
                "index": INTEGER,
                "start_seconds": NUMBER,
                "seconds": NUMBER,
                "progress": NUMBER,
                "audio": STRING | {"contentEncoding": "base64"},
            }
        ),
        entity({"success": TRUE, "message": STRING, "stats": STATS, "seed": INTEGER}),
        {"$ref": "#/components/schemas/Error"},
    ]
}


def info() -> Schema:
    """Return the schema of /api/info."""
    limits: dict[str, Schema] = {
        name: NUMBER | {"description": about["en"], "x-description-zh": about["zh"]}
        for name, about in ((limit.name, limit.about) for limit in LIMITS)
    }
    return entity(
        {
            "model": STRING,
            "version": STRING,
            "sample_rate": INTEGER,
            "target_length": INTEGER,
            "tone_dimension": INTEGER,
            "supported_formats": STRINGS,
            "name": STRING,
            "variant": STRING,
            "precision": STRING,
            "model_id": STRING,
            "graphs": {"type": "object", "additionalProperties": STRING},
            "providers": STRINGS,
            "input_bandwidth_hz": NUMBER,
            "real_time_factor": NUMBER,
            "licence": STRING,
            "provenance": STRING,
            "api_key_required": {"type": "boolean"},
            "limits": entity(
                limits | {"target_advice_seconds": {"type": "array", "items": NUMBER}}
            ),
        }
    )


def error_rows() -> list[dict[str, Any]]:
    """Return the table of errors, as documentation shows it."""
    return [_error_row(code, row) for code, row in ERRORS.items()]


def _error_row(code: str, row: ErrorRow) -> dict[str, Any]:
    return {
        "code": code,
        "status": row.status,
        "message_en": row.texts["en"],
        "message_zh": row.texts["zh"],
        "facts": dict(row.facts),
    }


def _number(field: Field) -> Schema:
    return {"type": field.kind, "minimum": 0, "maximum": field.maximum}


def _described(schema: Schema, field: Field) -> Schema:
    texts = {"description": field.about["en"], "x-description-zh": field.about["zh"]}
    return schema | texts | ({} if field.default is None else {"default": field.default})
