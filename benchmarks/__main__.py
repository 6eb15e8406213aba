"""`python -m benchmarks`: measures, prints, and writes JSON, Markdown and plots."""

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
from runtime.sessions import Provider

COMMANDS = {
    "stages": "each stage of a request, and real-time factor by length",
    "windows": "windowed against one-shot conversion, length of windows, streams",
    "http": "a server under load: closed and open loop, fairness, overload",
    "memory": "the command line's and a server's memory, by length of the clip",
    "startup": "from starting a server to its being ready",
    "quality": "sanity of tau, accuracy of precisions",
    "compare": "our graphs against PyTorch and a naive export (needs PyTorch)",
}
_MODULES = {"http": "http_load"}
_NEED_TORCH = frozenset({"compare"})


def parse(arguments: Sequence[str] | None = None) -> tuple[list[str], Options]:
    """Read the command line.

    Args:
        arguments: without the program's name; None takes the process's.

    Returns:
        The commands to run, and with what.
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
        help="model folders; where a benchmark is of one model, the first (default: the compact "
        "model and, where PyTorch is installed, the official size)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="PATH",
        help="official checkpoint for the official size (default: weights drawn for the purpose)",
    )
    parser.add_argument(
        "--provider", choices=get_args(Provider), default="cpu", help="default %(default)s"
    )
    parser.add_argument("--threads", type=int, help="CPU threads of one run (default: every CPU)")
    parser.add_argument("--speech", type=Path, metavar="DIR", help="speech to judge precisions on")
    parser.add_argument(
        "--quick", action="store_true", help="only see that all works; figures mean little"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="DIR")
    parser.add_argument(
        "--work",
        type=Path,
        default=DEFAULT_MODEL.parent,
        metavar="DIR",
        help="where exports of the official size are kept (default: onnx_models)",
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
        arguments: without the program's name; None takes the process's.

    Returns:
        The exit status: 0 where everything was measured, whatever the figures; 1 where
        something does not work.
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
        name: one of `COMMANDS`.
        options: with what.

    Raises:
        BenchmarkError: what is to be measured does not work.
        OpenVoiceError: a model cannot be loaded or run.
    """
    # imported one by one, since some need PyTorch and others do not
    module = importlib.import_module(f"benchmarks.{_MODULES.get(name, name)}")
    report: Report = module.run(options)
    return report


if __name__ == "__main__":
    sys.exit(main())
