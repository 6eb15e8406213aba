"""`memory`: memory of the command line and of a server, by length of the clip."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import soundfile

from benchmarks import clips
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import audio_of, clone_body, open_client, post
from benchmarks.model import open_model
from benchmarks.options import ROOT, Options
from benchmarks.process import MemoryWatch, clone_command, environment, memory_mib
from benchmarks.report import Goal, Plot, Report, Table
from benchmarks.server import Server
from runtime import Waveform

FILE_RATE_HZ = 16_000
LOOP_SECONDS = 60.0
FILE_SECONDS = (60.0, 3600.0)
REQUEST_SECONDS = (30.0, 600.0)
FILE_GROWTH_PERCENT = 15.0
REQUEST_GROWTH_MIB = 200.0
KEPT_MIB = 32.0

_SETTLE_SECONDS = 2.0
_REPEATS = 4
"""Requests of each length, so that every thread of the server has worked."""


def run(options: Options) -> Report:
    """Measure the memory of the command line and of a server."""
    model = open_model(options.model, options)
    clip = clips.of_length(model.cloner, 5.0 if options.quick else LOOP_SECONDS)
    rate_hz, label = model.cloner.sample_rate_hz, model.label
    del model
    file_seconds = (5.0, 20.0) if options.quick else FILE_SECONDS
    request_seconds = (2.0, 10.0) if options.quick else REQUEST_SECONDS
    at_file_rate = clips.resampled(clip, rate_hz, FILE_RATE_HZ)
    files = _command_line(options, at_file_rate, rate_hz, file_seconds)
    requests, points = _server(options, clip, rate_hz, request_seconds)
    (_, _, short_peak), (_, _, long_peak) = files
    _, (_, short_mark, after_short, _), (_, long_mark, after_long, _) = requests
    return Report(
        "memory",
        f"{label}. Resident memory by the kernel's count.",
        [
            Table(
                "Command line",
                f"`python -m runtime clone` on a WAV file at {FILE_RATE_HZ} Hz.",
                ("file s", "seconds", "peak MiB"),
                files,
            ),
            Table(
                "Server",
                f"One process, {_REPEATS} requests of each length, one after the other; the source "
                f"is a WAV file at {rate_hz} Hz in JSON. The peak is the process's since its "
                "start; "
                "memory afterwards is measured two seconds after the last answer.",
                ("source", "peak MiB", "afterwards MiB", "seconds a request"),
                requests,
            ),
        ],
        [
            Goal(
                f"command line: peak of {file_seconds[1]:g} s over {file_seconds[0]:g} s",
                100 * (long_peak / short_peak - 1),
                FILE_GROWTH_PERCENT,
                "%",
            ),
            Goal(
                f"server: peak of {request_seconds[1]:g} s over {request_seconds[0]:g} s",
                long_mark - short_mark,
                REQUEST_GROWTH_MIB,
                "MiB",
            ),
            Goal(
                f"server: memory after {request_seconds[1]:g} s over {request_seconds[0]:g} s",
                after_long - after_short,
                KEPT_MIB,
                "MiB",
            ),
        ],
        [Plot("server-memory", "A server's memory", "s", "resident MiB", {"server": points})],
    )


def _command_line(
    options: Options, clip: Waveform, model_rate_hz: int, lengths: tuple[float, ...]
) -> list[tuple[float, float, float]]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="openvoice-benchmark-") as folder:
        source, result = Path(folder) / "source.wav", Path(folder) / "result.wav"
        for seconds in lengths:
            clips.write_long(source, clip, FILE_RATE_HZ, seconds)
            command = clone_command(
                options.model, source, result, options.provider, options.threads
            )
            started = time.perf_counter()
            with subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                with MemoryWatch(process.pid) as watch:
                    said = process.communicate()[1]
                taken = time.perf_counter() - started
            if process.returncode:
                raise BenchmarkError(f"the command line failed: {said}")
            if soundfile.info(result).frames != round(seconds * model_rate_hz):
                raise BenchmarkError("the command line's result is not as long as its source")
            result.unlink()
            rows.append((seconds, taken, watch.peak_mib))
    return rows


def _server(
    options: Options, clip: Waveform, rate_hz: int, lengths: tuple[float, ...]
) -> tuple[list[tuple[str, float, float, float | None]], list[tuple[float, float]]]:
    rows: list[tuple[str, float, float, float | None]] = []
    with (
        tempfile.TemporaryDirectory(prefix="openvoice-benchmark-") as folder,
        Server(**options.serving) as server,
        MemoryWatch(server.pid) as watch,
        open_client(server.url) as client,
    ):
        rows.append(("before the first", *_resident(server.pid), None))
        for seconds in lengths:
            file = Path(folder) / "source.wav"
            clips.write_long(file, clip, rate_hz, seconds)
            body = clone_body(file.read_bytes(), target=clips.target_bytes())
            started = time.perf_counter()
            for _ in range(_REPEATS):
                if len(audio_of(post(client, body))) != round(seconds * rate_hz):
                    raise BenchmarkError("the answer is not as long as the source")
            taken = (time.perf_counter() - started) / _REPEATS
            time.sleep(_SETTLE_SECONDS)
            rows.append((f"{seconds:g} s", *_resident(server.pid), taken))
    return rows, watch.points[:: max(1, len(watch.points) // 500)]


def _resident(pid: int) -> tuple[float, float]:
    return memory_mib(pid, "VmHWM"), memory_mib(pid, "VmRSS")
