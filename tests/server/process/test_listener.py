"""The process as an operator sees it: start, signals, exit status, log."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.server import audio
from tests.server.answer_check import check_answer
from tests.server.live import wait_until
from tests.server_process import ServerProcess, is_ready


def test_it_serves_drains_and_ends_with_0(tiny_bundle: Path) -> None:
    with ServerProcess("--model", str(tiny_bundle), "--provider", "cpu") as server:
        url = server.wait_until_ready()
        long = audio.text(audio.encoded(np.tile(audio.speech(1, 8000), 300), 8000))
        body = {"target_audio": audio.text(audio.clip(1.0)), "source_audio": long}
        client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        with client, client.stream("POST", "/api/clone/stream", json=body) as answer:
            lines = answer.iter_lines()
            first = next(lines)
            assert json.loads(first)["seconds"] == 300
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not is_ready(url))
            rest = list(lines)
            assert json.loads(rest[-1])["success"] is True
        body_sent = "\n".join([first, *rest]).encode()
        assert check_answer("/api/clone/stream", "POST", 200, "application/x-ndjson", body_sent)
        assert server.end() == 0
        messages = {str(line["message"]) for line in server.logged()}
        assert {"ready", "request"} <= messages
        assert len(server.logged()) == len(server.lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_with_0(tiny_bundle: Path, number: signal.Signals) -> None:
    with ServerProcess("--model", str(tiny_bundle), "--provider", "cpu") as server:
        server.wait_until_ready()
        server.process.send_signal(number)
        assert server.end() == 0


def test_a_model_that_cannot_be_loaded_ends_it_with_a_message(tmp_path: Path) -> None:
    with ServerProcess("--model", str(tmp_path / "nothing")) as server:
        assert server.end() == 1
        last = server.logged()[-1]
        assert last["level"] == "critical"
        assert "nothing" in str(last["message"])
        assert "traceback" not in last


def test_a_provider_that_is_not_there_ends_it(tiny_bundle: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with ServerProcess("--model", str(tiny_bundle), "--provider", "cuda") as server:
        assert server.end() == 1
        assert "CUDA" in str(server.logged()[-1]["message"])


def test_an_address_that_is_taken_ends_it(tiny_bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = {"OPENVOICE_BIND": f"127.0.0.1:{taken.getsockname()[1]}"}
        with ServerProcess("--model", str(tiny_bundle), environment=bind) as server:
            assert server.end() != 0
            assert any("address already in use" in line for line in server.lines)


def test_a_bad_variable_ends_it_with_2_before_anything_is_loaded() -> None:
    with ServerProcess(environment={"OPENVOICE_WORKERS": "none"}) as server:
        assert server.end() == 2
        assert "OPENVOICE_WORKERS" in server.lines[-1]


def test_variables_of_the_environment_are_heard(tiny_bundle: Path) -> None:
    environment = {
        "OPENVOICE_MODEL": str(tiny_bundle),
        "OPENVOICE_PROVIDER": "cpu",
        "OPENVOICE_WAITING_REQUESTS": "5",
        "OPENVOICE_WAITING_REQUEST": "6",
        "OPENVOICE_PORT": "tcp://10.0.0.1:5000",
        "OPENVOICE_SERVICE_PORT": "5000",
    }
    with ServerProcess("--target-clips", "2", environment=environment) as server:
        url = server.wait_until_ready()
        answer = httpx.get(url + "/api/info", trust_env=False)
        assert check_answer("/api/info", "GET", 200, "application/json", answer.content)
        limits = answer.json()["limits"]
        assert (limits["waiting_requests"], limits["target_clips"]) == (5, 2)
        warnings = [line["message"] for line in server.logged() if line["level"] == "warning"]
        assert warnings == [
            "OPENVOICE_WAITING_REQUEST is not a setting; did you mean OPENVOICE_WAITING_REQUESTS?"
        ]
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0
