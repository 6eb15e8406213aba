import os
import subprocess
import sys
import time

import pytest

from benchmarks import process


def test_settings_of_a_server_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVOICE_THREADS", "7")
    found = process.environment()
    assert "OPENVOICE_THREADS" not in found
    assert found["PATH"] == os.environ["PATH"]


def test_the_peak_is_at_least_what_is_resident() -> None:
    resident, peak = (process.memory_mib(os.getpid(), name) for name in ("VmRSS", "VmHWM"))
    assert 1 < resident <= peak + 1


def test_a_process_that_has_ended_has_no_memory() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    while child.returncode is None:
        time.sleep(0.01)
        child.poll()
    with pytest.raises(OSError):
        process.memory_mib(child.pid, "VmRSS")


def test_a_watch_sees_a_peak_that_is_over() -> None:
    code = "import time; data = bytearray(b'x' * (80 << 20)); del data; time.sleep(0.5)"
    with (
        subprocess.Popen([sys.executable, "-c", code]) as child,
        process.MemoryWatch(child.pid) as watch,
    ):
        child.wait()
    assert watch.peak_mib > 80
    assert watch.points
