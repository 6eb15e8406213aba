"""GET /api/health, /api/info, /livez, /readyz and /metrics: the state of the server."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.http.answers import JSON_TYPE, to_json
from server.inference.cloning_service import CloningService
from server.openapi import answer_schemas
from server.openapi.operation import Operation
from server.settings import Settings, limit_values

SUPPORTED_FORMATS = ("wav", "mp3", "flac", "ogg")

_ERRORS = ("internal", "not_ready")


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    status = _Status(context)
    handlers = (status.health, status.info, status.livez, status.readyz, status.metrics)
    return [Endpoint(*pair) for pair in zip(_OPERATIONS, handlers, strict=True)]


def make_health(sample_rate_hz: int) -> dict[str, Any]:
    """Return the answer of /api/health, fixed by the contract."""
    return {"status": "ok", "message": "OpenVoice API is running", "sample_rate": sample_rate_hz}


def make_info(service: CloningService, settings: Settings) -> dict[str, Any]:
    """Return the answer of /api/info: the contract's six fields, then what is loaded."""
    manifest = service.engine.manifest
    return {
        "model": "OpenVoice Tone Clone",
        "version": "v2",
        "sample_rate": manifest.sample_rate_hz,
        "target_length": manifest.reference_frames,
        "tone_dimension": manifest.tone_dimension,
        "supported_formats": list(SUPPORTED_FORMATS),
        "name": manifest.name,
        "variant": manifest.variant,
        "precision": manifest.precision,
        "model_id": manifest.model_id,
        "graphs": dict(manifest.files),
        "providers": list(service.engine.providers),
        "input_bandwidth_hz": manifest.input_bandwidth_hz,
        "real_time_factor": round(service.real_time_factor, 4),
        "licence": manifest.licence,
        "provenance": manifest.provenance,
        "api_key_required": settings.api_key is not None,
        "limits": limit_values(settings),
    }


class _Status:
    """The handlers, for one server."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def health(self, request: Request) -> Response:
        manifest = self._context.get_service().engine.manifest
        return _json(make_health(manifest.sample_rate_hz))

    async def info(self, request: Request) -> Response:
        return _json(make_info(self._context.get_service(), self._context.settings))

    async def livez(self, request: Request) -> Response:
        return _json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        self._context.check_ready()
        return _json({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        text = self._context.metrics.exposition()
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _json(value: dict[str, Any]) -> Response:
    return Response(to_json(value), media_type=JSON_TYPE)


_OPERATIONS = (
    Operation(
        "/api/health",
        "get",
        "health",
        {"zh": "检查 API 服务是否正常运行。", "en": "Says that the API is running."},
        {JSON_TYPE: {"schema": answer_schemas.HEALTH}},
        _ERRORS,
    ),
    Operation(
        "/api/info",
        "get",
        "info",
        {
            "zh": "获取模型信息：已加载的模型、各项限制与实测速度。",
            "en": "Says which model is loaded, the limits and the measured speed.",
        },
        {JSON_TYPE: {"schema": answer_schemas.info()}},
        ("unauthorized", *_ERRORS),
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
        _ERRORS,
    ),
    Operation(
        "/metrics",
        "get",
        "metrics",
        {"zh": "Prometheus 指标。", "en": "Tells Prometheus its metrics."},
        {CONTENT_TYPE_LATEST: {"schema": answer_schemas.STRING}},
        ("unauthorized", "internal"),
    ),
)
