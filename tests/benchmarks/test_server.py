from pathlib import Path

import httpx
import psutil
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from benchmarks.server import Server


def test_a_server_is_ready_while_the_block_runs_and_then_gone(options: Options) -> None:
    with Server(**options.serving, waiting_requests=3) as server:
        found = httpx.get(f"{server.url}/api/info", trust_env=False).json()
        assert found["name"] == "tiny"
        assert found["limits"]["waiting_requests"] == 3
        assert server.url.startswith("http://127.0.0.1:")
        assert server.ready_seconds > 0
    assert not psutil.pid_exists(server.pid)


def test_a_server_that_cannot_start_says_why(options: Options, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="not a folder"), Server(model=tmp_path / "no"):
        pass
