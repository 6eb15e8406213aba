from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Scope

from server.endpoints.context import Context
from server.endpoints.intake import AdmittedRequest, Intake
from server.http.body import ClientGone
from server.inference.admission import Admission
from server.inference.cloning_service import CloningService
from server.keys.rate_limiter import RateLimiter
from server.messages.error import ApiError
from server.messages.errors import Internal, NotReady
from server.messages.requests import ToneRequest
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.request_record import RequestRecord
from tests.server.fakes import FakeEngine
from tests.server.http.asgi_client import DISCONNECT, Client, chunk

BODY = b'{"audio": "AAAA"}'


@pytest.fixture
def context(engine: FakeEngine) -> Iterator[Context]:
    settings = Settings(workers=1, waiting_requests=0)
    metrics = Metrics()
    service = CloningService(engine, settings, metrics.count_lookup)
    yield Context(
        settings,
        Admission(1, 0, 1000),
        metrics,
        RateLimiter(None, None),
        lambda: service,
        check_ready=lambda: None,
    )
    service.close()


def post(**headers: str) -> tuple[Scope, RequestRecord]:
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope: Scope = {"type": "http", "method": "POST", "path": "/api/tone", "headers": raw}
    record = RequestRecord("id")
    record.attach(scope)
    return scope, record


def observed(metrics: Metrics, stage: str) -> float:
    """Return how many requests spent time in a stage."""
    text = metrics.exposition().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "openvoice_stage_seconds_count" and sample.labels["stage"] == stage
    )


async def test_a_request_is_read_parsed_and_reported(context: Context) -> None:
    parsed: list[Any] = []

    async def handle(request: AdmittedRequest) -> None:
        assert request.request_id == "id"
        assert context.admission.admitted == 1
        assert context.admission.bytes_held == len(BODY)
        parsed.append(await request.parse(ToneRequest))
        assert "parse;dur=" in request.timing_headers["Server-Timing"]
        request.account.audio_out_seconds = 1.23456

    scope, record = post()
    client = Client([chunk(BODY, more=False)])
    await Intake(context, handle)(scope, client.receive, client.send)
    assert bytes(parsed[0].audio.data) == b"\0\0\0"
    assert (context.admission.admitted, context.admission.bytes_held) == (0, 0)
    assert record.notes["audio_out_seconds"] == 1.235
    assert {"upload", "queue", "parse"} == record.notes["stages"].keys()
    assert observed(context.metrics, "parse") == 1


async def never(request: AdmittedRequest) -> None:
    raise AssertionError("the handler must not run")


async def refused(context: Context, client: Client, **headers: str) -> str:
    scope, _ = post(**headers)
    with pytest.raises(ApiError) as caught:
        await Intake(context, never)(scope, client.receive, client.send)
    return caught.value.code


async def test_what_is_refused_before_the_body_is_read(context: Context) -> None:
    client = Client([chunk(BODY, more=False)])
    assert await refused(context, client, content_type="text/plain") == "unsupported_media_type"
    with context.admission.take_place():
        assert await refused(context, client) == "overloaded"

    def not_ready() -> None:
        raise ApiError(NotReady(retry_after_seconds=2))

    loading = replace(context, check_ready=not_ready)
    assert await refused(loading, client) == "not_ready"
    assert client.messages


async def test_a_place_that_was_lost_during_the_upload(context: Context) -> None:
    taken = context.admission.take_place()

    class Uploading(Client):
        async def receive(self) -> Message:
            taken.__enter__()
            return await super().receive()

    assert await refused(context, Uploading([chunk(BODY, more=False)])) == "overloaded"
    taken.__exit__(None, None, None)
    assert (context.admission.admitted, context.admission.bytes_held) == (0, 0)


async def test_an_error_frees_place_and_memory_and_is_reported(context: Context) -> None:
    async def handle(request: AdmittedRequest) -> None:
        request.account.attained_seconds = 1000.0
        raise ApiError(Internal())

    scope, record = post()
    client = Client([chunk(BODY, more=False)])
    with pytest.raises(ApiError):
        await Intake(context, handle)(scope, client.receive, client.send)
    assert (context.admission.admitted, context.admission.bytes_held) == (0, 0)
    assert observed(context.metrics, "upload") == 1
    assert "upload" in record.notes["stages"]
    # Only served requests teach how long a refused one should wait.
    with context.admission.take_place(), pytest.raises(ApiError) as caught:
        context.admission.check_place()
    assert caught.value.headers["Retry-After"] == "1"


async def test_a_client_that_goes_after_its_upload_ends_the_work(context: Context) -> None:
    begun = asyncio.Event()

    async def handle(request: AdmittedRequest) -> None:
        begun.set()
        await asyncio.Event().wait()

    scope, _ = post()
    client = Client([chunk(BODY, more=False), DISCONNECT])
    with pytest.raises(ClientGone):
        await Intake(context, handle)(scope, client.receive, client.send)
    assert begun.is_set()
    assert context.admission.admitted == 0
