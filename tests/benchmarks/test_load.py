import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.exchange import Exchange, open_async_client
from benchmarks.load import Load, closed_loop, one_by_one, open_loop
from benchmarks.model import Model
from benchmarks.payload import request_body
from benchmarks.server import Server


async def test_closed_loop_stops_at_its_count(server: Server, model: Model) -> None:
    load = await closed_loop(server.url, request_body(model, 0.4), 3, 60.0, 7)
    assert 7 <= len(load.served) <= 9
    assert load.throughput == len(load.served) / load.seconds
    assert load.stage("convert").median > 0


async def test_every_client_of_a_closed_loop_asks_once(server: Server, model: Model) -> None:
    load = await closed_loop(server.url, request_body(model, 0.4), 4, 0.0, 1000)
    assert len(load.exchanges) == 4


async def test_open_loop_sends_what_falls_into_its_time(server: Server, model: Model) -> None:
    load = await open_loop(server.url, request_body(model, 0.4), 50.0, 0.2, 1000)
    assert 1 <= len(load.exchanges) < 30
    assert {exchange.status for exchange in load.exchanges} == {200}


async def test_open_loop_sends_at_least_one(server: Server, model: Model) -> None:
    load = await open_loop(server.url, request_body(model, 0.4), 1000.0, 0.0, 1000)
    assert len(load.exchanges) == 1


async def test_one_by_one_ends_with_what_goes_on_beside(server: Server, model: Model) -> None:
    body = request_body(model, 0.4)

    async def nothing() -> None:
        return None

    async def run(beside: Coroutine[Any, Any, None]) -> list[Exchange]:
        task = asyncio.ensure_future(beside)
        async with open_async_client(server.url) as client:
            return await one_by_one(client, body, 100, beside=task)

    assert len(await run(nothing())) <= 1


def test_what_was_refused_is_not_served() -> None:
    load = Load([Exchange(0.0, 0.1, 200, {}), Exchange(0.0, 0.1, 429, {})], 2.0)
    assert len(load.served) == 1
    assert load.throughput == 0.5


def test_no_latency_without_an_answer() -> None:
    with pytest.raises(BenchmarkError, match="no request"):
        _ = Load([Exchange(0.0, 0.1, 429, {})], 1.0).latency
