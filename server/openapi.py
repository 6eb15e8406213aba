"""/openapi.json: what every endpoint takes and gives, made from the same tables that serve it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from server import answer_schemas, examples, negotiation, request_schemas
from server.access import needs_key
from server.answer_schemas import Schema
from server.answers import JSON_TYPE, LINES_TYPE
from server.errors import ERRORS, Texts
from server.payload import FORM
from server.settings import Settings
from server.status import health

_WORK_ERRORS = tuple(code for code in ERRORS if code not in ("not_found", "method_not_allowed"))
_TONE_ERRORS = tuple(code for code in _WORK_ERRORS if code != "tone_model_mismatch")
_STATE_ERRORS = ("unauthorized", "internal", "not_ready")
_OPEN_STATE_ERRORS = ("internal", "not_ready")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Args:
        path: As the router has it.
        method: In lower case.
        name: Its id.
        about: What it does, in each language.
        answers: Of status 200: a schema, and perhaps an example, by content type.
        errors: The codes that it may answer.
        requests: The bodies that it takes: a schema, and perhaps an example, by content type.
    """

    path: str
    method: str
    name: str
    about: Texts
    answers: Mapping[str, Schema]
    errors: Sequence[str]
    requests: Mapping[str, Schema] = field(default_factory=dict)

    def document(self, settings: Settings) -> dict[str, Any]:
        """Return the OpenAPI operation object."""
        found: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.about["en"],
            "description": self.about["en"],
            "x-description-zh": self.about["zh"],
            "responses": {"200": {"description": "OK", "content": dict(self.answers)}}
            | self._error_responses(),
        }
        if self.requests:
            found["requestBody"] = {"required": True, "content": dict(self.requests)}
        if settings.api_key is not None and needs_key(self.path):
            found["security"] = [{"key": []}]
        return found

    def _error_responses(self) -> dict[str, Any]:
        by_status: dict[int, list[str]] = {}
        for code in self.errors:
            by_status.setdefault(ERRORS[code].status, []).append(code)
        return {
            str(status): {
                "description": ", ".join(codes),
                "content": {JSON_TYPE: {"schema": answer_schemas.error(codes)}},
            }
            for status, codes in sorted(by_status.items())
        }


def document(settings: Settings, live: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Args:
        settings: Whose limits it states.
        live: What /api/info answers now, as examples; None while nothing is loaded.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations(settings, live):
        paths.setdefault(operation.path, {})[operation.method] = operation.document(settings)
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


def operations(settings: Settings, live: Mapping[str, Any] | None) -> list[Operation]:
    """Return every operation, with the limits and examples of one server."""
    return [*_work(settings), *_state(live)]


def _work(settings: Settings) -> list[Operation]:
    clone_bodies: dict[str, Schema] = {
        JSON_TYPE: {
            "schema": request_schemas.clone_json(settings),
            "example": examples.clone_request(),
        },
        FORM: {"schema": request_schemas.clone_form(settings)},
    }
    return [
        Operation(
            "/api/clone",
            "post",
            "clone",
            {
                "zh": "执行音色克隆，将源音频的音色转换为目标音色。",
                "en": "Converts the source into the voice of the target.",
            },
            {
                JSON_TYPE: {"schema": answer_schemas.CLONED, "example": examples.cloned()},
                negotiation.WAV: {"schema": {"type": "string", "format": "binary"}},
            },
            _WORK_ERRORS,
            clone_bodies,
        ),
        Operation(
            "/api/clone/stream",
            "post",
            "clone_stream",
            {
                "zh": "与 /api/clone 相同，但边转换边返回：每行一个 JSON 对象，"
                "首行为格式，末行为统计或错误。",
                "en": "As /api/clone, but answers while it converts: one JSON object a line, "
                "first the format, then a line a window, last the stats or an error.",
            },
            {
                LINES_TYPE: {
                    "schema": answer_schemas.STREAM_LINE,
                    "example": examples.stream_lines(),
                }
            },
            _WORK_ERRORS,
            clone_bodies,
        ),
        Operation(
            "/api/tone",
            "post",
            "tone",
            {
                "zh": "提取音色，返回的字符串可作为 /api/clone 的 target_tone 反复使用。",
                "en": "Works out a voice's tone, as a string that /api/clone takes as target_tone.",
            },
            {JSON_TYPE: {"schema": answer_schemas.TONE, "example": examples.tone()}},
            _TONE_ERRORS,
            {
                JSON_TYPE: {
                    "schema": request_schemas.tone_json(),
                    "example": examples.tone_request(),
                },
                FORM: {"schema": request_schemas.tone_form()},
            },
        ),
    ]


def _state(live: Mapping[str, Any] | None) -> list[Operation]:
    info: Schema = {"schema": answer_schemas.info()}
    healthy: Schema = {"schema": answer_schemas.HEALTH}
    if live is not None:
        info["example"] = live
        healthy["example"] = health(live["sample_rate"])
    return [
        Operation(
            "/api/health",
            "get",
            "health",
            {"zh": "检查 API 服务是否正常运行。", "en": "Says that the API is running."},
            {JSON_TYPE: healthy},
            _OPEN_STATE_ERRORS,
        ),
        Operation(
            "/api/info",
            "get",
            "info",
            {
                "zh": "获取模型信息：已加载的模型、各项限制与实测速度。",
                "en": "Says which model is loaded, the limits and the measured speed.",
            },
            {JSON_TYPE: info},
            _STATE_ERRORS,
        ),
        Operation(
            "/livez",
            "get",
            "livez",
            {"zh": "进程存活。", "en": "Says that the process is alive."},
            {JSON_TYPE: {"schema": answer_schemas.STATUS}},
            ("internal",),
        ),
        Operation(
            "/readyz",
            "get",
            "readyz",
            {"zh": "模型已加载，可以接受请求。", "en": "Says that requests are taken."},
            {JSON_TYPE: {"schema": answer_schemas.STATUS}},
            _OPEN_STATE_ERRORS,
        ),
        Operation(
            "/metrics",
            "get",
            "metrics",
            {"zh": "Prometheus 指标。", "en": "Tells Prometheus its metrics."},
            {CONTENT_TYPE_LATEST: {"schema": answer_schemas.STRING}},
            ("unauthorized", "internal"),
        ),
        Operation(
            "/openapi.json",
            "get",
            "openapi",
            {"zh": "本文档。", "en": "This document."},
            {JSON_TYPE: {"schema": {"type": "object"}}},
            ("internal",),
        ),
    ]
