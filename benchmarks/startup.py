"""`startup`: time from starting a server to its being ready, beside its imports alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.options import ROOT, Options
from benchmarks.precisions import models_of
from benchmarks.process import environment
from benchmarks.report import Goal, Report, Table
from benchmarks.server import Server
from runtime.bundle import Bundle

READY_FACTOR = 1.5

# Imports the packages that the server imports, and reads the files that it reads.
_REFERENCE = """
import os, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy, onnxruntime, soundfile, soxr
import h11, prometheus_client, python_multipart, uvicorn, uvicorn.protocols.http.auto
import starlette.applications, starlette.middleware.cors, starlette.staticfiles
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        file.read()
"""


def run(options: Options) -> Report:
    """Measure the time to ready of each model."""
    rows: list[tuple[str, str, float, float, float, float, int]] = []
    goals = []
    for path in models_of(options):
        bundle = Bundle.read(path)
        name = f"{bundle.manifest.name} ({bundle.manifest.precision})"
        ready, reference = _measure(path, options)
        rows.append((name, "start to ready", *Distribution.of(ready).milliseconds))
        rows.append((name, "imports and files", *Distribution.of(reference).milliseconds))
        factor = statistics.median(ready) / statistics.median(reference)
        if path == options.model:
            goals.append(
                Goal(f"{name}: start to ready over imports and files", factor, READY_FACTOR)
            )
    return Report(
        "startup",
        "Time from starting `python -m server` to its first 200 of /readyz, in turns with a "
        "process "
        "that only imports the same packages and reads the same files.",
        [
            Table(
                "Time to ready",
                "The files are in the operating system's cache.",
                ("model", "what", *COLUMNS),
                rows,
            )
        ],
        goals,
    )


def _measure(path: Path, options: Options) -> tuple[list[float], list[float]]:
    files = [str(file) for file in sorted(path.iterdir()) if file.is_file()]
    ready, reference = [], []
    for turn in range(2 if options.quick else 8):
        with Server(**replace(options, models=(path,)).serving) as server:
            seconds = server.ready_seconds
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", _REFERENCE, *files], cwd=ROOT, env=environment(), check=True
        )
        if turn:
            reference.append(time.perf_counter() - started)
            ready.append(seconds)
    return ready, reference
