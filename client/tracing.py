"""The current trace of a program that uses OpenTelemetry, for the server to continue."""

from __future__ import annotations

import sys


def trace_headers() -> dict[str, str]:
    """Return the headers `traceparent` and `tracestate` of the current span.

    They are empty outside of spans, and in programs that have not imported OpenTelemetry, which is
    not imported for this.
    """
    headers: dict[str, str] = {}
    if "opentelemetry.trace" in sys.modules:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(headers)
    return headers
