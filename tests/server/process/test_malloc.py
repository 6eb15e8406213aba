from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
import pytest

from server.process import malloc
from tests.server import audio
from tests.server.answer_check import check_answer
from tests.server.live import wait_until
from tests.server_process import ServerProcess

MIB = 1024


def mebibytes(process: int, name: str) -> float:
    found = re.search(name + r":\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) / MIB


def test_it_does_nothing_where_there_is_no_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(malloc, "ctypes")
    malloc.return_large_blocks()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_ten_minutes_take_little_more_than_half_a_minute_and_give_it_back(
    tiny_bundle: Path,
) -> None:
    with ServerProcess("--model", str(tiny_bundle), "--provider", "cpu") as server:
        url = server.wait_until_ready()
        process = server.process.pid

        def clone(seconds: float) -> None:
            source = audio.text(audio.clip(seconds))
            body = {"target_audio": audio.text(audio.clip(3.0)), "source_audio": source}
            with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
                answer = client.post("/api/clone", json=body)
            assert answer.status_code == 200
            assert check_answer("/api/clone", "POST", 200, "application/json", answer.content)

        clone(30)
        clone(30)
        short_peak = mebibytes(process, "VmHWM")
        clone(600)
        assert mebibytes(process, "VmHWM") - short_peak <= 200
        wait_until(lambda: mebibytes(process, "VmRSS") - short_peak <= 30)
