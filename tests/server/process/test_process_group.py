"""Several processes on one port: one set of figures and voices, a process that dies, a drain."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.process.process_group import share_cpus
from server.settings import Settings
from tests.server import audio
from tests.server.answer_check import check_answer
from tests.server.live import wait_until
from tests.server_process import ServerProcess

REQUESTS = 40
CLIENTS = 8


@pytest.fixture(scope="module")
def server(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    voices = str(tmp_path_factory.mktemp("voices") / "voices.db")
    options = ("--model", str(tiny_bundle), "--provider", "cpu", "--voices", voices)
    with ServerProcess(*options, "--processes", "2") as server:
        server.url = server.wait_until_ready()  # type: ignore[attr-defined]
        wait_until(lambda: len(ready_processes(server)) == 2, 60)
        yield server
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0, server.lines[-1]
        assert not any(is_running(pid) for pid in ready_processes(server))


def url_of(server: ServerProcess) -> str:
    url: str = server.url  # type: ignore[attr-defined]
    return url


def ready_processes(server: ServerProcess) -> list[int]:
    """Return the ids of the processes that loaded the model, in that order."""
    return [int(str(line["process"])) for line in server.logged() if line["message"] == "ready"]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def served_by(server: ServerProcess) -> dict[str, int]:
    """Return the process that served each request, by the request's id."""
    return {
        str(line["request_id"]): int(str(line["process"]))
        for line in server.logged()
        if line["message"] == "request"
    }


def metric(url: str, metric_name: str, /, **labels: str) -> float:
    text = httpx.get(url + "/metrics", trust_env=False, timeout=60).text
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == metric_name and labels.items() <= sample.labels.items()
    ]
    assert len(found) <= 1
    return found[0] if found else 0.0


def on_new_connections(
    url: str, count: int, send: Callable[[httpx.Client, str], httpx.Response]
) -> list[httpx.Response | httpx.TransportError]:
    """Send requests from clients that each open a connection for every one; they are numbered."""

    def ask(number: int) -> httpx.Response | httpx.TransportError:
        with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
            try:
                return send(client, str(number))
            except httpx.TransportError as error:
                return error

    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(ask, range(count)))


def test_both_processes_serve_and_count_together(server: ServerProcess) -> None:
    url = url_of(server)
    labels = {"endpoint": "/api/info", "outcome": "ok"}
    before = metric(url, "openvoice_requests_total", **labels)

    def info(client: httpx.Client, number: str) -> httpx.Response:
        return client.get("/api/info", headers={"X-Request-ID": f"info-{number}"})

    answers = on_new_connections(url, REQUESTS, info)
    assert {a.status_code for a in answers if isinstance(a, httpx.Response)} == {200}
    wait_until(lambda: sum(name.startswith("info-") for name in served_by(server)) == REQUESTS)
    assert len(set(served_by(server).values())) == 2
    assert metric(url, "openvoice_requests_total", **labels) - before == REQUESTS
    assert metric(url, "openvoice_ready") == 1
    assert metric(url, "openvoice_model_info", name="tiny") == 1
    assert metric(url, "openvoice_requests_admitted") == 0


def test_they_have_one_store_of_voices(server: ServerProcess) -> None:
    url = url_of(server)
    body = {"name": "anna", "audio": audio.text(audio.clip(1.0))}
    added = httpx.post(url + "/api/voices", json=body, trust_env=False, timeout=60)
    assert added.status_code == 201

    def get(client: httpx.Client, number: str) -> httpx.Response:
        return client.get("/api/voices/anna", headers={"X-Request-ID": f"anna-{number}"})

    answers = on_new_connections(url, REQUESTS, get)
    assert {a.status_code for a in answers if isinstance(a, httpx.Response)} == {200}


def test_a_process_that_is_killed_loses_only_its_own_requests(server: ServerProcess) -> None:
    url = url_of(server)
    killed = ready_processes(server)[0]
    clip = audio.text(audio.clip(1.0))
    body = {"target_audio": clip, "source_audio": audio.text(audio.clip(20.0))}
    answered = threading.Event()

    def kill_in_the_middle() -> None:
        answered.wait(60)
        os.kill(killed, signal.SIGKILL)

    killing = threading.Thread(target=kill_in_the_middle)
    killing.start()

    def clone(client: httpx.Client, number: str) -> httpx.Response:
        headers = {"X-Request-ID": f"clone-{number}"}
        try:
            return client.post("/api/clone", json=body, headers=headers)
        finally:
            if int(number) >= CLIENTS // 2:  # some are done, so others are under way
                answered.set()

    answers = on_new_connections(url, REQUESTS, clone)
    killing.join()
    lost = [n for n, answer in enumerate(answers) if isinstance(answer, httpx.TransportError)]
    served = [answer for answer in answers if isinstance(answer, httpx.Response)]
    assert {answer.status_code for answer in served} <= {200, 503}
    for answer in served:
        assert check_answer(
            "/api/clone", "POST", answer.status_code, "application/json", answer.content
        )
    # Those that are lost were the killed process's, no more than it could have in hand.
    wait_until(lambda: len(ready_processes(server)) == 3, 60)
    assert len(lost) <= CLIENTS
    assert not {f"clone-{number}" for number in lost} & set(served_by(server))
    assert sum(answer.status_code == 200 for answer in served) >= REQUESTS - CLIENTS
    assert not is_running(killed)
    replacement = ready_processes(server)[-1]

    def info(client: httpx.Client, number: str) -> httpx.Response:
        return client.get("/api/info", headers={"X-Request-ID": f"after-{number}"})

    on_new_connections(url, REQUESTS, info)
    wait_until(lambda: sum(name.startswith("after-") for name in served_by(server)) == REQUESTS)
    after = {pid for name, pid in served_by(server).items() if name.startswith("after-")}
    assert after == {ready_processes(server)[1], replacement}
    # What the killed process counted stays; what it said of itself is gone.
    labels = {"endpoint": "/api/info", "outcome": "ok"}
    assert metric(url, "openvoice_requests_total", **labels) >= 2 * REQUESTS
    assert metric(url, "openvoice_requests_admitted") == 0


def test_a_model_that_cannot_be_loaded_ends_them_all(tmp_path: Path) -> None:
    with ServerProcess("--model", str(tmp_path / "nothing"), "--processes", "2") as server:
        assert server.end() == 1
        assert any("nothing" in str(line["message"]) for line in server.logged())


def test_an_address_that_is_taken_ends_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = {"OPENVOICE_BIND": f"127.0.0.1:{taken.getsockname()[1]}"}
        with ServerProcess("--processes", "2", environment=bind) as server:
            assert server.end() == 1
            assert any("cannot listen" in line for line in server.lines)


def test_each_process_gets_its_share_of_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.process.process_group.available_cpus", lambda: 9)
    assert share_cpus(Settings(processes=4)).threads == 2
    assert share_cpus(Settings(processes=16)).threads == 1
    assert share_cpus(Settings(processes=4, threads=5)).threads == 5
