"""Child processes: their environment, and the memory that they take."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from types import TracebackType

MEBIBYTE = 1 << 20

_INTERVAL_SECONDS = 0.01


def environment() -> dict[str, str]:
    """Give this process's variables without the settings of a server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENVOICE_")}


def memory_mib(pid: int, field: str) -> float:
    """Read a figure that the kernel keeps of a process.

    Args:
        pid: of the process.
        field: `VmRSS`, what is resident now, or `VmHWM`, the most that ever was.

    Raises:
        OSError: the process has ended.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        # a process that has ended but was not waited for keeps its name and nothing else
        raise ProcessLookupError(pid)
    return int(found[1]) / 1024


class MemoryWatch:
    """Follows a process's resident memory while a block runs.

    Attributes:
        points: (seconds since the start, MiB).
        peak_mib: the most that the process ever had, as far as was seen.
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
