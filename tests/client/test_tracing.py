from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from client import Client
from client.live import connect_options
from client.tracing import trace_headers
from tests.client.fake_server import FakeServer

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry, of the extra otel, is missing")

ROOT = Path(__file__).parents[2]


def client_of(server: FakeServer) -> Client:
    return Client("http://box:5000", transport=httpx.MockTransport(server))


def test_the_current_span_is_passed_on() -> None:
    from opentelemetry.sdk.trace import TracerProvider

    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    server = FakeServer()
    with client_of(server) as client, tracer.start_as_current_span("caller") as span:
        client.health()
        options = connect_options(httpx.URL("http://box:5000"), {})
    context = span.get_span_context()
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-"
    assert server.requests[0].headers["traceparent"].startswith(expected)
    assert options["additional_headers"]["traceparent"].startswith(expected)


def test_nothing_is_sent_outside_of_a_span() -> None:
    server = FakeServer()
    with client_of(server) as client:
        client.health()
    assert trace_headers() == {}
    assert "traceparent" not in server.requests[0].headers


def test_the_client_does_not_import_opentelemetry() -> None:
    program = (
        "import sys; import client; from client.tracing import trace_headers\n"
        "assert trace_headers() == {}\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
