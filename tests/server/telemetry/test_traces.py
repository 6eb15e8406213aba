from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from starlette.testclient import TestClient

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry, of the extra otel, is missing")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from server.app import ServerParts, create_app
from server.process.model_loader import ModelLoader
from server.settings import Settings
from server.telemetry.logs import JsonFormatter
from server.telemetry.traces import Traces, is_wanted
from tests.server import audio
from tests.server.fakes import FakeEngine
from tests.server.live import wait_until

ROOT = Path(__file__).parents[3]
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"}
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(exporter: InMemorySpanExporter, engine: FakeEngine) -> Iterator[TestClient]:
    """A client of a server that traces into memory."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    loader = ModelLoader(lambda: engine)
    parts = ServerParts.create(Settings(marking="none"), loader, traces=Traces(provider))
    with TestClient(create_app(parts)) as client:
        wait_until(lambda: parts.lifecycle.ready)
        yield client


def spans_of(exporter: InMemorySpanExporter) -> tuple[ReadableSpan, dict[str, ReadableSpan]]:
    """Return the span of the only request, and those of its stages by name."""
    spans = exporter.get_finished_spans()
    (request,) = (span for span in spans if span.kind is SpanKind.SERVER)
    stages = {span.name: span for span in spans if span is not request}
    assert len(stages) == len(spans) - 1
    return request, stages


def test_a_request_is_a_span_with_one_for_each_stage(
    client: TestClient, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    clip = audio.text(audio.clip(1.0))
    fields = {"target_audio": clip, "source_audio": clip}
    with caplog.at_level("INFO"):
        assert client.post("/api/clone", json=fields, headers=TRACEPARENT).status_code == 200
    request, stages = spans_of(exporter)
    assert request.name == "POST /api/clone"
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["openvoice.outcome"] == "ok"
    assert request.context.trace_id == int(TRACE_ID, 16)
    assert request.parent is not None and request.parent.span_id == int(PARENT_ID, 16)
    assert set(stages) == {"upload", "queue", "parse", "decode", "tone", "convert", "encode"}
    (line,) = (record for record in caplog.records if record.getMessage() == "request")
    for name, span in stages.items():
        assert span.parent is not None and span.parent.span_id == request.context.span_id
        assert span.start_time is not None and span.end_time is not None
        assert span.attributes is not None
        # The stages in the log are the same measurements.
        seconds = float(str(span.attributes["openvoice.seconds"]))
        assert round(seconds, 4) == vars(line)["stages"][name]
        assert span.end_time >= span.start_time


def test_lines_of_the_log_have_the_ids(
    client: TestClient, exporter: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("server.middleware.request_log")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        client.get("/livez", headers=TRACEPARENT)
    finally:
        logger.removeHandler(handler)
        logger.setLevel("NOTSET")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    request, _ = spans_of(exporter)
    assert line["trace_id"] == TRACE_ID
    assert line["span_id"] == format(request.context.span_id, "016x")


def test_an_error_says_what_it_was(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.post("/api/clone", json={})
    request, stages = spans_of(exporter)
    assert request.attributes is not None
    assert request.attributes["openvoice.outcome"] == "missing_field"
    assert request.status.status_code is StatusCode.UNSET
    assert request.parent is None
    assert {"upload", "parse"} <= set(stages)


def test_a_failure_of_the_server_is_an_error(
    client: TestClient, exporter: InMemorySpanExporter, engine: FakeEngine
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    engine.decode = fail  # type: ignore[method-assign, assignment]
    clip = audio.text(audio.clip(1.0))
    answer = client.post("/api/clone", json={"target_audio": clip, "source_audio": clip})
    assert answer.status_code == 500
    request, _ = spans_of(exporter)
    assert request.status.status_code is StatusCode.ERROR


def test_variables_say_whether_requests_are_traced() -> None:
    assert not is_wanted({})
    assert is_wanted(ENDPOINT)
    assert is_wanted({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"})
    assert is_wanted({"OTEL_TRACES_EXPORTER": "otlp"})
    assert not is_wanted({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"})
    assert not is_wanted({**ENDPOINT, "OTEL_SDK_DISABLED": "true"})
    assert Traces.from_environment({}) is None


def test_spans_are_exported_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever).start()
        url = f"http://127.0.0.1:{collector.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        traces = Traces.from_environment(os.environ)
        assert traces is not None
        trace = traces.start(TRACEPARENT)
        trace.end(method="GET", route="/livez", path="/livez", status=200, outcome="ok")
        traces.close()
        collector.shutdown()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert b"GET /livez" in body and b"openvoice-onnx" in body and bytes.fromhex(TRACE_ID) in body


def test_nothing_of_it_is_imported_unless_asked_for() -> None:
    program = (
        "import os, sys\n"
        "from server.app import ServerParts, create_app\n"
        "from server.process.model_loader import ModelLoader\n"
        "from server.settings import Settings\n"
        "from server.telemetry.traces import Traces\n"
        "traces = Traces.from_environment(os.environ)\n"
        "create_app(ServerParts.create(Settings(), ModelLoader(object), traces=traces))\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    clean = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=clean, check=True)
