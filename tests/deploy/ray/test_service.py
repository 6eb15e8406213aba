"""The Ray Serve application: its arguments, and real Ray on two nodes."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

pytest.importorskip("ray.serve", reason="Ray, of the extra ray, is not installed")

from deploy.ray.service import Scale, build, parse_arguments
from server.settings import SettingsError
from tests.server import audio
from tests.server.answer_check import check_answer
from tests.server.live import wait_until

CLIENTS = 8
REQUESTS = 48


def test_arguments_are_those_of_the_scale_and_the_servers_settings() -> None:
    scale, settings = parse_arguments(
        {"min_replicas": "2", "max_replicas": "5", "cpus": "3", "waiting_requests": "7"},
        {"OPENVOICE_WORKERS": "4"},
    )
    assert scale == Scale(min_replicas=2, max_replicas=5, cpus=3)
    assert (settings.waiting_requests, settings.workers, settings.threads) == (7, 4, 3)
    assert parse_arguments({"min_replicas": "3"}, {})[0].max_replicas == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"replicas": "2"},
        {"port": "80"},
        {"processes": "2"},
        {"cpus": "0"},
        {"cpus": "two"},
        {"min_replicas": "3", "max_replicas": "2"},
        {"workers": "0"},
        {"voices": "voices.db"},
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        parse_arguments(arguments, {})


@pytest.fixture(scope="module")
def url(ray_address: str, model_folder: Path) -> Iterator[str]:
    """The address of two replicas on the cluster."""
    from ray import serve

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve.start(proxy_location="HeadOnly", http_options={"port": port})
    # unmarked results of one request are the same, those with a label are not
    arguments = {
        "min_replicas": 2,
        "model": str(model_folder),
        "provider": "cpu",
        "marking": "none",
    }
    serve.run(build(arguments), blocking=False)
    yield f"http://127.0.0.1:{port}"
    serve.shutdown()


def replicas() -> set[int]:
    """Return the process ids of the replicas that are running."""
    import psutil

    found = set()
    for process in psutil.process_iter(["name", "cmdline"]):
        title = " ".join(process.info["cmdline"] or ())
        if title.startswith("ray::ServeReplica") and "openvoice" in title:
            found.add(process.pid)
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_replica_that_is_killed_loses_no_request_of_clients_that_retry(url: str) -> None:
    first = replicas()
    assert len(first) == 2
    killed = min(first)
    clip = audio.text(audio.clip(2.0))
    body = {"target_audio": clip, "source_audio": clip, "seed": 1}
    begun = threading.Event()

    def clone(number: int) -> httpx.Response:
        with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
            for _ in range(120):
                if number == CLIENTS:
                    begun.set()
                try:
                    answer = client.post("/api/clone", json=body)
                except httpx.TransportError:
                    time.sleep(1)
                    continue
                if answer.status_code not in (429, 500, 503):
                    return answer
                time.sleep(1)
        raise AssertionError("it was never served")

    def kill() -> None:
        begun.wait(120)
        os.kill(killed, signal.SIGKILL)

    killing = threading.Thread(target=kill)
    killing.start()
    with ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(clone, range(REQUESTS)))
    killing.join()
    assert len(answers) == REQUESTS
    assert {answer.status_code for answer in answers} == {200}
    assert check_answer("/api/clone", "POST", 200, "application/json", answers[0].content)
    assert len({answer.json()["result_audio"] for answer in answers}) == 1
    wait_until(lambda: len(replicas()) == 2 and killed not in replicas(), 180)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_whole_api_is_behind_ray(url: str) -> None:
    from client import Client

    samples = Path(__file__).parents[3] / "samples"
    with Client(url) as client:
        assert client.health()["status"] == "ok"
        result = client.clone(samples / "english-woman.flac", samples / "english-man.flac", tau=1.0)
        assert result.audio.startswith(b"RIFF")
        pcm = bytes(2 * 22050)
        with client.live(samples / "english-woman.flac", sample_rate=22050) as session:
            session.send(pcm)
            session.end()
            assert len(b"".join(session)) == len(pcm)
    page = httpx.get(url, trust_env=False, timeout=60)
    assert page.status_code == 200
    assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).json() == {"status": "ready"}
