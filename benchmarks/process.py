"""Command, environment and memory of child processes."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from benchmarks.clips import TARGET

_INTERVAL_SECONDS = 0.01


def environment() -> dict[str, str]:
    """Copy this process's environment variables, without those of a server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENVOICE_")}


def clone_command(
    model: Path, source: Path, result: Path, provider: str, threads: int | None
) -> list[str]:
    """Return the command that converts a file to the benchmarks' target voice.

    Args:
        model: Folder of the model.
        source: File to convert.
        result: File to write.
        provider: Execution provider.
        threads: CPU threads of one run; None leaves them to the command.
    """
    command = [sys.executable, "-m", "runtime", "clone", "--target", str(TARGET)]
    command += ["--source", str(source), "--output", str(result), "--seed", "0"]
    command += ["--model", str(model.resolve()), "--provider", provider]
    return command if threads is None else [*command, "--threads", str(threads)]


def memory_mib(pid: int, field: str) -> float:
    """Read a memory figure of a process from the kernel.

    Args:
        pid: Process id.
        field: `VmRSS` for resident memory now, or `VmHWM` for its peak.

    Returns:
        The figure in MiB.

    Raises:
        OSError: The process has ended.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        # a process that has ended but was not waited for has no memory fields
        raise ProcessLookupError(pid)
    return int(found[1]) / 1024


class MemoryWatch:
    """Record of a process's resident memory while a block runs.

    Args:
        pid: Process id.

    Attributes:
        points: Seconds since the start, and MiB.
        peak_mib: Peak of the process so far, in MiB.
    """

    def __init__(self, pid: int) -> None:
        self.points: list[tuple[float, float]] = []
        self.peak_mib = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        started = time.perf_counter()
        while not self._ended.is_set():
            try:
                self.peak_mib = max(self.peak_mib, memory_mib(self._pid, "VmHWM"))
                resident = memory_mib(self._pid, "VmRSS")
            except OSError:
                return
            self.points.append((time.perf_counter() - started, resident))
            self._ended.wait(_INTERVAL_SECONDS)
