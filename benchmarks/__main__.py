"""`python -m benchmarks`: run benchmarks, print the reports, and write JSON, Markdown and plots."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.environment import describe
from benchmarks.errors import BenchmarkError
from benchmarks.options import RESULTS, Options, has_torch
from benchmarks.report import Report
from benchmarks.results import write
from benchmarks.summary import summarise
from runtime import DEFAULT_MODEL, OpenVoiceError
from runtime.providers import Provider

COMMANDS = {
    "stages": "time of each stage of a request, and real-time factor by length",
    "windows": "accuracy and cost of windows, and latency of streams",
    "http": "a server under load: closed and open loop, fairness, overload",
    "scaling": "what a request costs, and one process against several on many CPUs",
    "recovery": "throughput before and after a server process is killed",
    "live": "live sessions: latency, late steps, batch work beside, admission",
    "marking": "the watermark: its cost, what it survives, what is taken for it",
    "voices": "stored voices: time to get, list, add and delete one of many",
    "memory": "memory of the command line and of a server, by length of the clip",
    "startup": "time from starting a server to its being ready",
    "edge": "the command line on one core with 512 MiB of memory",
    "quality": "similarity by tau, and accuracy of precisions",
    "compare": "our graphs against PyTorch and a naive export (needs PyTorch)",
    "gpu": "the official size on a GPU, beside PyTorch (needs PyTorch)",
}
_MODULES = {"http": "http_load"}
_NEED_TORCH = frozenset({"compare", "gpu"})


def parse(arguments: Sequence[str] | None = None) -> tuple[list[str], Options]:
    """Read the command line.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The names of the commands to run, and their options.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    about = "; ".join(f"{name}: {text}" for name, text in COMMANDS.items())
    parser.add_argument(
        "command", choices=(*COMMANDS, "all"), help=f"{about}; all: every one of them"
    )
    parser.add_argument(
        "--model",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="folders of the models to measure; a benchmark of one model takes the first (default: "
        "the compact model and, if PyTorch is installed, the official size)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="PATH",
        help="measure the official size with this checkpoint: accuracy is then the checkpoint's "
        "own "
        "(default: random weights, of the same speed)",
    )
    parser.add_argument(
        "--provider",
        choices=get_args(Provider),
        default="cpu",
        help="execution provider that runs the graphs (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        help="CPU threads of one run; more make one run faster and share the CPUs among fewer runs "
        "(default: every CPU)",
    )
    parser.add_argument(
        "--speech",
        type=Path,
        metavar="DIR",
        help="judge precisions on this folder of speech instead of the shipped samples",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="run each benchmark for seconds only, to see that it works; its figures mean little",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=RESULTS,
        metavar="DIR",
        help="folder that the results are written to (default: benchmarks/results)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=DEFAULT_MODEL.parent,
        metavar="DIR",
        help="folder that keeps exports of the official size for later runs (default: onnx_models)",
    )
    found = parser.parse_args(arguments)
    official = has_torch() and (found.model is None or found.checkpoint is not None)
    options = Options(
        models=tuple(found.model or [DEFAULT_MODEL]),
        provider=found.provider,
        threads=found.threads,
        quick=found.quick,
        official=official,
        checkpoint=found.checkpoint,
        speech=found.speech,
        work=found.work,
        output=found.output,
    )
    commands = list(COMMANDS) if found.command == "all" else [found.command]
    if found.command == "all" and not has_torch():
        commands = [name for name in commands if name not in _NEED_TORCH]
    return commands, options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The exit status: 0 if everything was measured, whether or not targets are met; 1 if a
        benchmark failed.
    """
    commands, options = parse(arguments)
    for name in commands:
        started = time.perf_counter()
        environment = describe(options)
        try:
            report = measure(name, options)
        except (BenchmarkError, OpenVoiceError) as error:
            print(f"benchmarks {name}: {error}", file=sys.stderr)
            return 1
        files = write(report, environment, options.output)
        print(report.markdown(environment))
        taken = time.perf_counter() - started
        print(f"{name}: {len(files)} files in {options.output}, {taken:.0f} s", file=sys.stderr)
        summarise(COMMANDS, options.output)
    return 0


def measure(name: str, options: Options) -> Report:
    """Run one benchmark.

    Args:
        name: One of `COMMANDS`.
        options: What to measure, and how.

    Returns:
        The report.

    Raises:
        BenchmarkError: What should be measured does not work.
        OpenVoiceError: A model cannot be loaded or run.
    """
    # imported when needed, since some commands need PyTorch
    module = importlib.import_module(f"benchmarks.{_MODULES.get(name, name)}")
    report: Report = module.run(options)
    return report


if __name__ == "__main__":
    sys.exit(main())
