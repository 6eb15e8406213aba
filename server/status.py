"""What the server says of itself: health, info, liveness, readiness, metrics."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from server import limits
from server.answers import JSON_TYPE, to_json
from server.service import Service
from server.settings import Settings
from server.studio import Studio

SUPPORTED_FORMATS = ("wav", "mp3", "flac", "ogg")


def health(sample_rate_hz: int) -> dict[str, Any]:
    """Return the contract's answer of /api/health."""
    return {"status": "ok", "message": "OpenVoice API is running", "sample_rate": sample_rate_hz}


def info(studio: Studio, settings: Settings) -> dict[str, Any]:
    """Return the answer of /api/info: the contract's six fields, then what is really loaded."""
    manifest = studio.engine.manifest
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
        "providers": list(studio.engine.providers),
        "input_bandwidth_hz": manifest.input_bandwidth_hz,
        "real_time_factor": round(studio.real_time_factor, 4),
        "licence": manifest.licence,
        "provenance": manifest.provenance,
        "api_key_required": settings.api_key is not None,
        "limits": limits.values(settings),
    }


class StatusRoutes:
    """The endpoints, bound to one server."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def health(self, request: Request) -> Response:
        """Answer /api/health, once there is a model to speak of."""
        manifest = self._service.lifecycle.studio.engine.manifest
        return _json(health(manifest.sample_rate_hz))

    async def info(self, request: Request) -> Response:
        """Answer /api/info, once there is a model to speak of."""
        return _json(info(self._service.lifecycle.studio, self._service.settings))

    async def livez(self, request: Request) -> Response:
        """Answer /livez: the event loop turns."""
        return _json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Answer /readyz: requests are taken."""
        self._service.lifecycle.check_ready()
        return _json({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Answer /metrics."""
        text = self._service.metrics.exposition()
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _json(value: dict[str, Any]) -> Response:
    return Response(to_json(value), media_type=JSON_TYPE)
