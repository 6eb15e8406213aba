"""Behaviour that only a real socket shows: slow, large, many and vanishing clients."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
import requests

from server.settings import Settings
from tests.server import audio
from tests.server.fakes import FakeEngine
from tests.server.live import live, wait_until

MIB = 2**20
TARGET = audio.text(audio.clip(1.0, pitch_hz=210))


def fields(seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"target_audio": TARGET, "source_audio": audio.text(audio.clip(seconds)), **more}


def raw_request(path: str, body: bytes, length: int | None = None, headers: str = "") -> bytes:
    """Write a POST, whose Content-Length may lie."""
    size = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {size}\r\n{headers}\r\n".encode() + body


def read_answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Read an answer up to the connection's end."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_a_stalled_upload_is_answered_408(engine: FakeEngine) -> None:
    with live(engine, Settings(upload_idle_seconds=0.2)) as server, server.connect() as client:
        client.sendall(raw_request("/api/clone", b'{"target_audio": "', length=1000))
        status, answer = read_answer(client)
        assert (status, answer["error"]["code"]) == (408, "upload_timeout")


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
def test_a_body_of_200_mb_and_its_client_reads_the_413(engine: FakeEngine, announced: bool) -> None:
    chunk = b"A" * MIB

    def body() -> Any:
        for _ in range(200):
            yield chunk

    class Body:
        """Tells requests its length, so that it is announced."""

        def __init__(self) -> None:
            self._left = 200 * MIB

        def __len__(self) -> int:
            return 200 * MIB

        def read(self, size: int) -> bytes:
            piece = chunk[: min(size, self._left)]
            self._left -= len(piece)
            return piece

    upload: Any = Body() if announced else body()
    with live(engine) as server:
        answer = requests.post(
            server.url + "/api/clone",
            data=upload,
            headers={"Content-Type": "application/json"},
            timeout=120,
        )
        assert answer.status_code == 413
        assert answer.json()["error"] == {"code": "body_too_large", "limit_bytes": 64 * MIB}
        assert server.parts.admission.bytes_held == 0


def test_a_refusal_before_the_body_is_read_too(engine: FakeEngine) -> None:
    with live(engine, Settings(api_key="k")) as server:
        answer = requests.post(
            server.url + "/api/clone",
            data=b"A" * (20 * MIB),
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.status_code == 401


def test_a_client_that_waits_to_be_invited_is_not(engine: FakeEngine) -> None:
    with live(engine) as server, server.connect() as client:
        invite = "Expect: 100-continue\r\n"
        client.sendall(raw_request("/api/clone", b"", length=200 * MIB, headers=invite))
        status, answer = read_answer(client)
        assert (status, answer["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/api/clone", "/api/clone/stream"])
def test_a_client_that_goes_frees_its_place_at_the_next_window(
    engine: FakeEngine, path: str
) -> None:
    settings = Settings(workers=1, waiting_requests=0)
    with live(engine, settings) as server, server.client() as other:
        other.post("/api/tone", json={"audio": TARGET})
        engine.gate.drain_arrivals()
        engine.gate.shut()
        before = engine.windows_done
        gone = server.connect()
        gone.sendall(raw_request(path, json.dumps(fields(30)).encode()))
        engine.gate.wait_for_arrival()
        assert other.post("/api/clone", json=fields()).status_code == 429
        gone.close()
        wait_until(lambda: server.parts.admission.admitted == 0)
        engine.gate.open()
        assert other.post("/api/clone", json=fields()).status_code == 200
        # One of the second request; of the first at most the one that was under way.
        assert engine.windows_done - before <= 2
        counted = other.get("/metrics").text
        assert f'endpoint="{path}",outcome="client_gone"}} 1.0' in counted


def test_a_stream_is_heard_before_it_is_done(engine: FakeEngine) -> None:
    with live(engine) as server, server.client() as client:
        client.post("/api/tone", json={"audio": TARGET})
        engine.gate.drain_arrivals()
        with client.stream("POST", "/api/clone/stream", json=fields(10)) as answer:
            received = answer.iter_lines()
            first = json.loads(next(received))
            window = json.loads(next(received))
            assert (first["windows"], window["index"]) == (10, 0)
            rest = [json.loads(line) for line in received]
        assert rest[-1]["success"] is True


def test_forty_pieces_at_once_with_one_new_target(engine: FakeEngine) -> None:
    target = audio.text(audio.clip(12))
    pieces = [audio.speech(10, pitch_hz=80 + n) for n in range(40)]

    def convert(piece: Any) -> Any:
        body = {"target_audio": target, "source_audio": audio.text(audio.encoded(piece))}
        return requests.post(server.url + "/api/clone", json=body, timeout=120)

    with live(engine) as server, ThreadPoolExecutor(40) as threads:
        before = engine.tone_steps
        answers = list(threads.map(convert, pieces))
        assert [answer.status_code for answer in answers] == [200] * 40
        for piece, answer in zip(pieces, answers, strict=True):
            result = audio.pcm(base64.b64decode(answer.json()["result_audio"]))
            np.testing.assert_allclose(result / 32767, piece * 0.5, atol=1e-3)
        # One step for each source, and the target's two once.
        assert engine.tone_steps - before == 40 + 2
        counted = requests.get(server.url + "/metrics", timeout=10).text
        assert 'openvoice_tone_cache_lookups_total{result="miss"} 1.0' in counted


def test_beyond_the_waiting_limit_comes_429_at_once(engine: FakeEngine) -> None:
    settings = Settings(workers=1, waiting_requests=2)
    with live(engine, settings) as server, ThreadPoolExecutor(3) as threads:
        engine.gate.shut()
        url = server.url + "/api/clone"
        admitted = [threads.submit(requests.post, url, json=fields(), timeout=60) for _ in range(3)]
        wait_until(lambda: server.parts.admission.admitted == 3)
        refused = requests.post(url, json=fields(), timeout=60)
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "overloaded"
        assert int(refused.headers["retry-after"]) == refused.json()["error"]["retry_after_seconds"]
        engine.gate.open()
        assert [each.result().status_code for each in admitted] == [200] * 3
        assert requests.post(url, json=fields(), timeout=60).status_code == 200


def test_a_short_request_passes_long_ones_by(engine: FakeEngine) -> None:
    finished: list[str] = []

    def post(name: str, seconds: float) -> None:
        body = fields() | {"source_audio": audio.text(audio.clip(seconds, rate_hz=8000))}
        answer = requests.post(server.url + "/api/clone", json=body, timeout=120)
        assert answer.status_code == 200
        finished.append(name)

    with live(engine) as server, ThreadPoolExecutor(5) as threads:
        engine.window_seconds = 0.01
        before = engine.windows_done
        long = [threads.submit(post, f"long {n}", 60) for n in range(4)]
        wait_until(lambda: engine.windows_done - before > 40)
        short = threads.submit(post, "short", 1)
        for each in (short, *long):
            each.result()
        assert finished[0] == "short"


def test_a_slow_reader_of_a_stream_meets_the_deadline(engine: FakeEngine) -> None:
    settings = Settings(workers=1, deadline_seconds=1.0, waiting_requests=0)
    with live(engine, settings) as server:
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(server.address)
        reader.sendall(raw_request("/api/clone/stream", json.dumps(fields(300)).encode()))
        wait_until(lambda: server.parts.admission.admitted == 1)
        wait_until(lambda: server.parts.admission.admitted == 0)
        assert engine.windows_done < 300
        reader.close()


def test_what_is_sent_piece_by_piece_is_taken(engine: FakeEngine) -> None:
    request = raw_request(
        "/api/clone", json.dumps(fields()).encode(), headers="Connection: close\r\n"
    )
    with live(engine) as server, server.connect() as client:
        for start in range(0, len(request), 20_000):
            client.sendall(request[start : start + 20_000])
            time.sleep(0.01)
        status, answer = read_answer(client)
        assert (status, answer["success"]) == (200, True)


def test_draining_ends_after_the_requests_in_hand(engine: FakeEngine) -> None:
    with live(engine) as server, server.client() as client:
        engine.gate.shut()
        results: list[int] = []

        def post() -> None:
            answer = httpx.post(server.url + "/api/clone", json=fields(), timeout=60)
            results.append(answer.status_code)

        request = threading.Thread(target=post)
        request.start()
        engine.gate.wait_for_arrival()
        server.server.handle_exit(15, None)
        wait_until(lambda: client.get("/readyz").status_code == 503)
        assert client.post("/api/clone", json=fields()).status_code == 503
        assert client.get("/livez").status_code == 200
        assert not results
        engine.gate.open()
        request.join(30)
        assert results == [200]
        wait_until(lambda: server.server.should_exit)


def test_a_second_signal_ends_at_once(engine: FakeEngine) -> None:
    with live(engine) as server, server.connect() as client:
        client.sendall(raw_request("/api/clone", b"{", length=1000))
        wait_until(lambda: server.parts.lifecycle.requests_in_hand == 1)
        server.server.handle_exit(15, None)
        time.sleep(0.3)
        assert not server.server.should_exit
        server.server.handle_exit(15, None)
        assert server.server.should_exit
