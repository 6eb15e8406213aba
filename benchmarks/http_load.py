"""`http`: throughput and latency of a server under several kinds of load."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import clips, fairness, overload, voice_cache
from benchmarks.distribution import COLUMNS
from benchmarks.exchange import audio_of, clone_body, open_client, post
from benchmarks.load import Load, closed_loop, open_loop
from benchmarks.model import open_model
from benchmarks.options import Options
from benchmarks.report import Cell, Goal, Plot, Report, Table
from benchmarks.server import Server

MANY_CLIENTS = 8
CLIENTS = (1, 2, 4, MANY_CLIENTS, 16)
OPEN_LOOP_SHARES = (0.5, 0.8, 0.95)

_QUEUE, _CONVERT, _TOTAL = "queue", "convert", "total"
_STAGE_METRIC = "openvoice_stage_seconds"
_LATENCY_FACTOR = 12.0


def run(options: Options) -> Report:
    """Measure a server under each kind of load."""
    seconds = 1.0 if options.quick else 10.0
    model = open_model(options.model, options)
    rate_hz = model.cloner.sample_rate_hz
    source = clips.wav_file(clips.of_length(model.cloner, seconds, first=1), rate_hz, rate_hz)
    body = clone_body(source, target=clips.target_bytes())
    with Server(**options.serving) as server:
        with open_client(server.url) as client:
            audio_of(post(client, body))
        sweep = _sweep(options, server.url, body)
        told = _metrics(server.url)
        single, many = sweep[1], sweep[MANY_CLIENTS]
        opened = _open(options, server.url, body, max(load.throughput for load in sweep.values()))
    settings, best_single = _settings(options, body)
    best_single = max(best_single, single.throughput)
    fair, fair_goal = fairness.measure(options, model)
    crowd, crowd_goals = overload.measure(options, model, single.latency.median)
    return Report(
        "http",
        f"{model.label} behind /api/clone, loopback, client and server on one machine. Each "
        f"request: {seconds:g} s of speech as a WAV file at {rate_hz} Hz and a target clip, in "
        "base64 in JSON. The target's tone is in the cache.",
        [
            _closed_table(sweep),
            _stage_table(many, told),
            opened,
            settings,
            fair,
            crowd,
            voice_cache.measure(options, source),
        ],
        [
            Goal(
                f"throughput of {MANY_CLIENTS} clients over the best of one",
                many.throughput / best_single,
                1.0,
                "x",
                at_least=True,
            ),
            Goal(
                f"p99 of {MANY_CLIENTS} clients over the latency of one",
                many.latency.p99 / single.latency.median,
                _LATENCY_FACTOR,
                "x",
            ),
            fair_goal,
            *crowd_goals,
        ],
        [
            Plot(
                "latency-by-clients",
                "Latency and throughput by closed-loop clients",
                "clients",
                "seconds, requests a second",
                {
                    "median s": [(n, load.latency.median) for n, load in sweep.items()],
                    "p99 s": [(n, load.latency.p99) for n, load in sweep.items()],
                    "requests a second": [(n, load.throughput) for n, load in sweep.items()],
                },
            )
        ],
    )


def _effort(options: Options, seconds: float) -> tuple[float, int]:
    return (0.5, 20) if options.quick else (seconds, 10_000)


def _sweep(options: Options, url: str, body: bytes) -> dict[int, Load]:
    return {
        clients: asyncio.run(closed_loop(url, body, clients, *_effort(options, 10.0)))
        for clients in CLIENTS
    }


def _closed_table(sweep: Mapping[int, Load]) -> Table:
    return Table(
        "Closed loop",
        "Clients that each send the next request when the last one is answered.",
        ("clients", "requests a second", *COLUMNS, "in the queue ms", "converting ms"),
        [
            (
                clients,
                load.throughput,
                *load.latency.milliseconds,
                1000 * load.stage(_QUEUE).median,
                1000 * load.stage(_CONVERT).median,
            )
            for clients, load in sweep.items()
        ],
    )


def _stage_table(load: Load, told: Mapping[str, float]) -> Table:
    rows: list[Sequence[Cell]] = []
    for name in load.served[0].stages:
        mean = None if name == _TOTAL else 1000 * told[name]
        rows.append((name, *load.stage(name).milliseconds, mean))
    rows.append(("client", *load.latency.milliseconds, None))
    return Table(
        "Stages under load",
        f"With {MANY_CLIENTS} clients: each stage by Server-Timing, the client's own time, and the "
        "mean by /metrics over every request of the closed loop.",
        ("stage", *COLUMNS, "mean by /metrics ms"),
        rows,
    )


def _metrics(url: str) -> dict[str, float]:
    """Read the mean seconds of each stage from /metrics."""
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{_STAGE_METRIC}_sum":
                sums[sample.labels["stage"]] = sample.value
            elif sample.name == f"{_STAGE_METRIC}_count":
                counts[sample.labels["stage"]] = sample.value
    return {stage: total / counts[stage] for stage, total in sums.items()}


def _open(options: Options, url: str, body: bytes, capacity: float) -> Table:
    rows: list[Sequence[Cell]] = []
    for share in OPEN_LOOP_SHARES:
        per_second = share * capacity
        load = asyncio.run(open_loop(url, body, per_second, *_effort(options, 12.0)))
        refused = len(load.exchanges) - len(load.served)
        rows.append((100 * share, per_second, *load.latency.milliseconds, refused))
    return Table(
        "Open loop",
        "Requests at random times (a Poisson process), whether or not earlier ones are answered. "
        "The share is of the closed loop's best throughput.",
        ("share %", "requests a second", *COLUMNS, "refused"),
        rows,
    )


def _settings(options: Options, body: bytes) -> tuple[Table, float]:
    """Measure numbers of workers and threads; also return the best throughput of one client."""
    threads = options.thread_count
    combinations = [(1, threads)] if options.quick else _combinations(threads)
    rows: list[Sequence[Cell]] = []
    best = 0.0
    for workers, each in combinations:
        tried = replace(options, threads=each)
        with Server(**tried.serving, workers=workers) as server:
            with open_client(server.url) as client:
                post(client, body)
            loads = [
                asyncio.run(closed_loop(server.url, body, clients, *_effort(options, 6.0)))
                for clients in (1, MANY_CLIENTS)
            ]
        best = max(best, loads[0].throughput)
        rows.append(
            (
                workers,
                each,
                *(
                    cell
                    for load in loads
                    for cell in (
                        load.throughput,
                        1000 * load.latency.median,
                        1000 * load.latency.p99,
                    )
                ),
            )
        )
    columns = ("requests a second", "median ms", "p99 ms")
    table = Table(
        "Workers and threads",
        "Closed loops on servers with other settings: the number of inference steps that run at "
        "once, and the CPU threads of each step.",
        (
            "workers",
            "threads",
            *(f"{clients}: {column}" for clients in (1, MANY_CLIENTS) for column in columns),
        ),
        rows,
    )
    return table, best


def _combinations(threads: int) -> list[tuple[int, int]]:
    """List numbers of workers and threads: one wide step, narrow ones, more than CPUs."""
    return sorted({(1, threads), (threads, 1), (2, threads)})
