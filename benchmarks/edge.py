"""`edge`: the command line on one core with 512 MiB of address space, as on a small board."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import soundfile

from benchmarks import clips
from benchmarks.errors import BenchmarkError
from benchmarks.model import open_model
from benchmarks.options import ROOT, Options
from benchmarks.process import MemoryWatch, clone_command, environment
from benchmarks.report import Goal, Report, Table

MEMORY_BYTES = 512 << 20
FILE_SECONDS = (10.0, 130.0)
REAL_TIME_FACTOR = 0.04

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Usage:
    """What one conversion took.

    Attributes:
        seconds: Time from start to end.
        processor_seconds: Time on the core, in the program and in the kernel.
        peak_mib: Largest resident memory.
    """

    seconds: float
    processor_seconds: float
    peak_mib: float


def run(options: Options) -> Report:
    """Measure the command line under the bounds of a small board."""
    model = open_model(options.model, options)
    clip = clips.of_length(model.cloner, 2.0 if options.quick else 10.0)
    rate_hz, label = model.cloner.sample_rate_hz, model.label
    del model
    lengths = (2.0, 8.0) if options.quick else FILE_SECONDS
    found: dict[float, Usage] = {}
    with tempfile.TemporaryDirectory(prefix="openvoice-benchmark-") as folder:
        source, result = Path(folder) / "source.wav", Path(folder) / "result.wav"
        for seconds in lengths:
            clips.write_long(source, clip, rate_hz, seconds)
            found[seconds] = run_bounded(clone_command(options.model, source, result, "cpu", 1))
            if soundfile.info(result).frames != round(seconds * rate_hz):
                raise BenchmarkError("the result is not as long as the source")
    short, long = (found[seconds] for seconds in lengths)
    factor = (long.processor_seconds - short.processor_seconds) / (lengths[1] - lengths[0])
    return Report(
        "edge",
        f"{label}. `python -m runtime clone` on one core (sched_setaffinity) with "
        f"{MEMORY_BYTES // _MEBIBYTE} MiB of address space (RLIMIT_AS), which is stricter than as "
        "much memory. The result is marked. The real-time factor is the processor time that each "
        "further second of audio takes, all stages together: other programs on the core change it "
        "little.",
        [
            Table(
                "One core",
                "The first seconds of each run start Python and load the model.",
                ("file s", "seconds", "processor s", "peak MiB"),
                [
                    (seconds, usage.seconds, usage.processor_seconds, usage.peak_mib)
                    for seconds, usage in found.items()
                ],
            )
        ],
        [Goal("real-time factor on one core", factor, REAL_TIME_FACTOR)],
    )


def run_bounded(command: list[str]) -> Usage:
    """Run a command on one core with a bound on its memory.

    Args:
        command: Program and arguments.

    Returns:
        What it took.

    Raises:
        BenchmarkError: It failed, for example because the memory was not enough.
    """
    core = min(os.sched_getaffinity(0))

    def bind() -> None:
        os.sched_setaffinity(0, {core})
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=bind,
        )
        # the peak in the usage would include that of this process, which it was forked from
        with MemoryWatch(process.pid) as watch:
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise BenchmarkError(f"the command line failed: {said.read().decode()[-500:]}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, watch.peak_mib)
