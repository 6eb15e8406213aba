"""Traces for OpenTelemetry: a span for each request, and below it one for each of its stages.

OpenTelemetry is imported only where its variables ask for traces; the extra `otel` installs it.
"""

from __future__ import annotations

import importlib.util
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from server.telemetry.stage_times import StageTimes

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
EXPORTER = "OTEL_TRACES_EXPORTER"
DISABLED = "OTEL_SDK_DISABLED"

_SERVICE_NAME = "openvoice-onnx"
_EXPORTER_MODULE = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_FIRST_SERVER_ERROR = 500
_NANOSECONDS = 1_000_000_000


class Trace:
    """The span of one request.

    Args:
        tracer: Makes the spans of its stages.
        span: The request's span.

    Attributes:
        ids: Ids of the trace and the span, in hexadecimal, for the log.
    """

    def __init__(self, tracer: Tracer, span: Span) -> None:
        context = span.get_span_context()
        self.ids = {
            "trace_id": format(context.trace_id, "032x"),
            "span_id": format(context.span_id, "016x"),
        }
        self._tracer = tracer
        self._span = span

    def add_stages(self, stages: Mapping[str, StageTimes]) -> None:
        """Add a span for each stage: from its first step's start to its last one's end."""
        from opentelemetry.trace import set_span_in_context

        context = set_span_in_context(self._span)
        epoch = time.time() - time.perf_counter()
        for name, times in stages.items():
            span = self._tracer.start_span(
                name,
                context,
                attributes={"openvoice.seconds": times.seconds, "openvoice.steps": times.steps},
                start_time=int((epoch + times.started) * _NANOSECONDS),
            )
            span.end(int((epoch + times.ended) * _NANOSECONDS))

    def end(self, *, method: str, route: str, path: str, status: int, outcome: str) -> None:
        """End the request's span with how the request ended."""
        from opentelemetry.trace import StatusCode

        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "url.path": path,
                "http.response.status_code": status,
                "openvoice.outcome": outcome,
            }
        )
        if status >= _FIRST_SERVER_ERROR:
            self._span.set_status(StatusCode.ERROR, outcome)
        self._span.end()


class Traces:
    """Makes the traces of one server.

    Args:
        provider: OpenTelemetry's provider, which exports the spans.
    """

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer(_SERVICE_NAME)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Traces | None:
        """Return what OpenTelemetry's variables ask for; None where they ask for no traces."""
        if not is_wanted(environment):
            return None
        if not _has_exporter():
            _log.warning("traces are not exported: OpenTelemetry, of the extra otel, is missing")
            return None
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = environment.get("OTEL_SERVICE_NAME") or "service.name=" in environment.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        resource = Resource.create({} if named else {SERVICE_NAME: _SERVICE_NAME})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def start(self, headers: Mapping[str, str]) -> Trace:
        """Start a request's span, as part of the trace that its `traceparent` header names."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        parent = self._propagator.extract(carrier, Context())
        return Trace(self._tracer, self._tracer.start_span("request", parent, SpanKind.SERVER))

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether OpenTelemetry's variables name a place for traces and do not turn them off."""
    if environment.get(DISABLED, "").strip().lower() == "true":
        return False
    exporter = environment.get(EXPORTER, "").strip().lower()
    if exporter:
        return "otlp" in [name.strip() for name in exporter.split(",")]
    return any(environment.get(name) for name in ENDPOINTS)


def _has_exporter() -> bool:
    try:
        return importlib.util.find_spec(_EXPORTER_MODULE) is not None
    except ModuleNotFoundError:
        return False
