"""`scaling`: what a request costs, and what one process and several make of many CPUs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median_high

import psutil

from benchmarks import clips
from benchmarks.exchange import audio_of, clone_body, open_client, post
from benchmarks.load import closed_loop
from benchmarks.model import open_model
from benchmarks.options import Options
from benchmarks.report import Cell, Report, Table
from benchmarks.server import Server

CLIP_SECONDS = 10.0
SLEEPERS = 32
"""Workers of the servers whose graphs sleep: as many CPUs are imitated."""

_HOURS, _DAY_SECONDS = 1000, 86_400
_SLEEPING = "benchmarks.sleeping_server"
_COLUMNS = (
    "processes",
    "workers of each",
    "requests a second",
    "over one process",
    "server's CPU ms a request",
)


def run(options: Options) -> Report:
    """Measure the cost of a request, and throughput by number of processes."""
    model = open_model(options.model, options)
    rate_hz = model.cloner.sample_rate_hz
    clip = clips.of_length(model.cloner, CLIP_SECONDS, first=1)
    body = clone_body(clips.wav_file(clip, rate_hz, rate_hz), target=clips.target_bytes())
    cpus = 2 if options.quick else max(2, psutil.cpu_count() or 2)
    awake = _compare(options, body, "server", cpus, (1, cpus))
    many = 4 if options.quick else SLEEPERS
    asleep = _compare(options, body, _SLEEPING, many, (1, 2) if options.quick else (1, 2, 4))
    whole, around = (float(rows[0][-1] or 0) for rows in (awake, asleep))
    return Report(
        "scaling",
        f"{model.label} behind /api/clone with the default settings but for workers, processes "
        f"and one thread a step, marking included: {CLIP_SECONDS:g} s of speech a request, the "
        "target's tone in the cache. CPU time is what the kernel counts for its processes.",
        [_cost_table(whole, around), _table(awake), _sleeping_table(asleep, many)],
        [],
    )


def _cost_table(whole_ms: float, around_ms: float) -> Table:
    cores = _HOURS * 3600 / CLIP_SECONDS * whole_ms / 1000 / _DAY_SECONDS
    rows: list[Sequence[Cell]] = [
        ("CPU ms of a request", whole_ms),
        ("of these around the graphs", around_ms),
        ("seconds of audio that one CPU converts a second", 1000 * CLIP_SECONDS / whole_ms),
        (f"CPUs for {_HOURS} hours a day, busy all the time", cores),
        (
            "CPUs that one process feeds if all around the graphs holds Python's lock",
            whole_ms / around_ms,
        ),
    ]
    about = "From the first rows of the tables below: one process, graphs computing and asleep."
    return Table("Cost of a request", about, ("figure", "value"), rows)


def _table(rows: Sequence[Sequence[Cell]]) -> Table:
    about = "As many workers in one process and in several, as many clients as workers and a half."
    return Table("Processes", about, _COLUMNS, rows)


def _sleeping_table(rows: Sequence[Sequence[Cell]], workers: int) -> Table:
    about = (
        f"The same with {workers} workers whose graphs sleep as long as they would compute, as on "
        f"{workers} CPUs that do nothing else; what is around the graphs shares this machine's."
    )
    return Table("Processes on many CPUs", about, _COLUMNS, rows)


def _compare(
    options: Options, body: bytes, module: str, workers: int, processes: Sequence[int]
) -> list[Sequence[Cell]]:
    """Measure servers with as many workers in all, in turns."""
    seconds = 1.0 if options.quick else 6.0
    measured: dict[int, list[tuple[float, float]]] = {count: [] for count in processes}
    with ExitStack() as running:
        servers = {
            count: running.enter_context(
                Server(
                    module,
                    model=options.model.resolve(),
                    provider=options.provider,
                    threads=1,
                    workers=workers // count,
                    processes=count,
                    marking="full",
                    bytes_in_flight=1 << 32,
                )
            )
            for count in processes
        }
        for server in servers.values():
            with open_client(server.url) as client:
                audio_of(post(client, body))
            _load(server, body, workers, seconds / 2)
        for turn in range(1 if options.quick else 3):
            order = list(servers.items())
            for count, server in order if turn % 2 == 0 else reversed(order):
                measured[count].append(_load(server, body, workers, seconds))
    middle = {
        count: tuple(map(median_high, zip(*pairs, strict=True)))
        for count, pairs in measured.items()
    }
    single = middle[processes[0]][0]
    return [
        (count, workers // count, rate, rate / single, 1000 * cpu)
        for count, (rate, cpu) in middle.items()
    ]


def _load(server: Server, body: bytes, workers: int, seconds: float) -> tuple[float, float]:
    """Return requests a second, and the server's CPU seconds a request."""
    before, started = _cpu_seconds(server.pid), time.perf_counter()
    clients = workers + max(1, workers // 2)
    load = asyncio.run(closed_loop(server.url, body, clients, seconds, 100_000))
    taken = time.perf_counter() - started
    served = len(load.served)
    return served / taken, (_cpu_seconds(server.pid) - before) / max(1, served)


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far."""
    parent = psutil.Process(pid)
    times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
