"""GET /api/health, /api/info, /livez, /readyz and /metrics: the state of the server."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from runtime.encoding import FORMATS
from runtime.media.media_file import MEDIA_FORMATS, is_available
from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.http.answers import JSON_TYPE, to_json
from server.inference.cloning_service import CloningService
from server.messages.answers import Alive, Health, Info, Ready, limits_of
from server.messages.errors import Internal, NotReady, Unauthorized
from server.messages.message import Message, Text
from server.openapi.operation import Operation
from server.settings import Settings

SUPPORTED_FORMATS = ("wav", "mp3", "flac", "ogg")
"""Fixed by the contract; `MEDIA_FORMATS` follow where they can be read."""


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    status = _Status(context)
    handlers = (status.health, status.info, status.livez, status.readyz, status.metrics)
    return [Endpoint(*pair) for pair in zip(_OPERATIONS, handlers, strict=True)]


def make_health(sample_rate_hz: int) -> Health:
    """Return the answer of /api/health."""
    return Health(status="ok", message="OpenVoice API is running", sample_rate=sample_rate_hz)


def make_info(service: CloningService, settings: Settings) -> Info:
    """Return the answer of /api/info."""
    manifest = service.engine.manifest
    return Info(
        model="OpenVoice Tone Clone",
        version="v2",
        sample_rate=manifest.sample_rate_hz,
        target_length=manifest.reference_frames,
        tone_dimension=manifest.tone_dimension,
        supported_formats=[*SUPPORTED_FORMATS, *(MEDIA_FORMATS if is_available() else ())],
        output_formats=list(FORMATS),
        name=manifest.name,
        variant=manifest.variant,
        precision=manifest.precision,
        model_id=manifest.model_id,
        graphs=dict(manifest.files),
        providers=list(service.engine.providers),
        input_bandwidth_hz=manifest.input_bandwidth_hz,
        real_time_factor=round(service.real_time_factor, 4),
        licence=manifest.licence,
        provenance=manifest.provenance,
        api_key_required=settings.needs_key,
        stores_voices=settings.voices is not None,
        marking=settings.marking,
        limits=limits_of(settings),
    )


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
        return _json(Alive(status="alive"))

    async def readyz(self, request: Request) -> Response:
        self._context.check_ready()
        return _json(Ready(status="ready"))

    async def metrics(self, request: Request) -> Response:
        text = self._context.metrics.exposition()
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _json(message: Message) -> Response:
    return Response(to_json(message), media_type=JSON_TYPE)


_OPERATIONS = (
    Operation(
        "/api/health",
        "get",
        "health",
        Text("检查 API 服务是否正常运行。", "Tells whether the API is running."),
        {JSON_TYPE: Health},
        (Internal, NotReady),
    ),
    Operation(
        "/api/info",
        "get",
        "info",
        Text(
            "获取模型信息：已加载的模型、各项限制与实测速度。",
            "Describes the loaded model, the limits in force and the measured speed.",
        ),
        {JSON_TYPE: Info},
        (Unauthorized, Internal, NotReady),
    ),
    Operation(
        "/livez",
        "get",
        "livez",
        Text("检查进程是否存活。", "Tells whether the process is alive."),
        {JSON_TYPE: Alive},
        (Internal,),
    ),
    Operation(
        "/readyz",
        "get",
        "readyz",
        Text(
            "检查模型是否已加载、能否接受请求。",
            "Tells whether the model is loaded and new requests are accepted.",
        ),
        {JSON_TYPE: Ready},
        (Internal, NotReady),
    ),
    Operation(
        "/metrics",
        "get",
        "metrics",
        Text("Prometheus 指标。", "Metrics for Prometheus."),
        {CONTENT_TYPE_LATEST: {"type": "string"}},
        (Unauthorized, Internal),
    ),
)
