"""Live sessions over real sockets: what hostile and unlucky clients do to a server."""

from __future__ import annotations

import base64
import json
import os
import resource
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from runtime import VoiceCloner, wav
from server.settings import Settings
from tests.audio import voice, voice_file
from tests.server.fakes import FakeEngine
from tests.server.live import Live, live, wait_until
from tests.server_process import ServerProcess

PATH = "/api/clone/live"
START = json.dumps({"target_audio": base64.b64encode(voice_file(1.0)).decode(), "seed": 1})
UPGRADE = (
    f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()


@contextmanager
def _session(server: Live) -> Iterator[ClientConnection]:
    """A session that is ready for audio."""
    with connect(_address(server), proxy=None, max_size=None, max_queue=None) as client:
        client.send(START)
        assert json.loads(client.recv(timeout=20))["type"] == "ready"
        yield client


def _address(server: Live) -> str:
    return f"{server.url.replace('http', 'ws')}{PATH}"


def _finish(client: ClientConnection) -> bytes:
    """End a session and return its audio."""
    client.send('{"type": "end"}')
    audio = bytearray()
    while isinstance(message := client.recv(timeout=60), bytes):
        audio += message
    assert json.loads(message)["type"] == "done", message
    return bytes(audio)


def _frame(opcode: int, payload: bytes, announced: int | None = None) -> bytes:
    """A masked frame whose mask is zero, perhaps announcing more than it holds."""
    length = len(payload) if announced is None else announced
    return struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length) + bytes(4) + payload


def _upgraded(server: Live) -> socket.socket:
    connection = server.connect()
    connection.sendall(UPGRADE)
    assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
    return connection


def _reset(connection: socket.socket) -> None:
    """End a connection as a machine that has lost it does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _wait_until_empty(server: Live) -> None:
    parts = server.parts
    wait_until(lambda: parts.live_admission.connections == 0)
    wait_until(lambda: parts.admission.bytes_held == 0)
    wait_until(lambda: not server.server.server_state.connections)
    assert parts.live_admission.sessions == 0
    assert parts.live_admission.share == 0


def test_a_session_over_a_socket(real_engine: VoiceCloner) -> None:
    speech = voice(2.0)
    with live(real_engine, Settings(live_load=100.0)) as server:
        with _session(server) as client:
            client.send(wav.pcm16(speech))
            assert len(_finish(client)) == 2 * len(speech)
            with pytest.raises(ConnectionClosed):
                client.recv()
            assert client.close_code == 1000
        _wait_until_empty(server)


def test_a_sender_that_floods_is_held_back(engine: FakeEngine) -> None:
    settings = Settings(live_ahead_seconds=1.0)
    with live(engine, settings) as server, _session(server) as other:
        engine.gate.shut()
        flood = _upgraded(server)
        flood.sendall(_frame(1, START.encode()))
        flood.settimeout(1.0)
        second = _frame(2, bytes(44_100))
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 2_000_000_000:
                sent += flood.send(second * 10)
        # what is held is a second, a message, and what the kernel's buffers take
        assert sent < 30_000_000
        engine.gate.open()
        # others go on while it sends all that is taken from it
        stop = threading.Event()

        def send_on() -> None:
            flood.settimeout(20)
            while not stop.is_set():
                flood.sendall(second)

        def read_on() -> None:
            while not stop.is_set() and flood.recv(1 << 16):
                pass

        threads = [threading.Thread(target=work, daemon=True) for work in (send_on, read_on)]
        # the frame that was cut by the timeout is completed first
        flood.settimeout(20)
        flood.sendall((second * 10)[sent % len(second * 10) :])
        for thread in threads:
            thread.start()
        other.send(bytes(44_100))
        assert len(_finish(other)) == 44_100
        stop.set()
        for thread in threads:
            thread.join(20)
        _reset(flood)
        _wait_until_empty(server)


def test_a_reader_that_never_reads_is_let_go(engine: FakeEngine) -> None:
    with live(engine, Settings(live_idle_seconds=0.5)) as server:
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(UPGRADE)
        assert connection.recv(1024).startswith(b"HTTP/1.1 101 ")
        connection.sendall(_frame(1, START.encode()))
        connection.settimeout(20)
        with pytest.raises(OSError):  # reset or broken, as the kernel has it
            while True:
                connection.sendall(_frame(2, bytes(44_100)))
        _wait_until_empty(server)
        connection.close()


def test_a_half_open_connection_is_let_go(engine: FakeEngine) -> None:
    with live(engine, Settings(live_idle_seconds=0.3)) as server:
        before, after = _upgraded(server), _upgraded(server)
        after.sendall(_frame(1, START.encode()))
        wait_until(lambda: server.parts.live_admission.sessions == 1)
        # neither answers a ping, reads, sends or closes
        _wait_until_empty(server)
        before.close()
        after.close()


def test_a_thousand_connections_that_say_nothing(engine: FakeEngine) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    count = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 100)
    settings = Settings(live_idle_seconds=3.0, live_sessions=4)
    with (
        ExitStack() as silent,
        live(engine, settings) as server,
        _session(server) as other,
    ):
        answers: dict[bytes, int] = {}
        crowded = threading.Event()
        spoken = 0

        def speak() -> None:
            nonlocal spoken
            while not crowded.wait(0.1):
                other.send(bytes(882))
                spoken += 882

        speaking = threading.Thread(target=speak)
        speaking.start()
        try:
            for _ in range(count):
                connection = silent.enter_context(server.connect())
                connection.sendall(UPGRADE)
                status = connection.recv(4096).split(b" ", 2)[1]
                answers[status] = answers.get(status, 0) + 1
                assert server.parts.live_admission.connections <= 4
                assert server.parts.live_admission.refused <= 32
        finally:
            crowded.set()
            speaking.join(20)
        # some are told by a message that there is no place; the others are not even accepted
        assert set(answers) == {b"101", b"429"}
        assert server.parts.admission.bytes_held <= 4 * settings.live_message_bytes
        assert len(_finish(other)) == spoken
        _wait_until_empty(server)
        with _session(server) as later:
            assert _finish(later) == b""


@pytest.mark.parametrize("opcode", [1, 2])
def test_a_first_message_of_64_megabytes_is_not_read(engine: FakeEngine, opcode: int) -> None:
    with live(engine) as server:
        connection = _upgraded(server)
        connection.sendall(_frame(opcode, b"{", announced=64 << 20))
        # the frame's header is enough to refuse it
        head, payload = connection.recv(2), connection.recv(125)
        assert head[0] == 0x88
        assert struct.unpack("!H", payload[:2])[0] == 1009
        connection.close()
        _wait_until_empty(server)


def test_fragments_do_not_add_up_to_more(engine: FakeEngine) -> None:
    with live(engine, Settings(live_message_bytes=100_000)) as server:
        connection = _upgraded(server)
        part = bytearray(_frame(1, b" " * 60_000))
        part[0] = 0x01
        rest = bytearray(_frame(0, b" " * 60_000))
        connection.sendall(bytes(part) + bytes(rest))
        head, payload = connection.recv(2), connection.recv(125)
        assert head[0] == 0x88
        assert struct.unpack("!H", payload[:2])[0] == 1009
        connection.close()
        _wait_until_empty(server)


def _before_the_first_message(connection: socket.socket, engine: FakeEngine) -> None:
    pass


def _while_the_target_is_embedded(connection: socket.socket, engine: FakeEngine) -> None:
    engine.gate.shut()
    engine.gate.drain_arrivals()
    connection.sendall(_frame(1, START.encode()))
    engine.gate.wait_for_arrival()


def _when_ready(connection: socket.socket, engine: FakeEngine) -> None:
    connection.sendall(_frame(1, START.encode()))
    assert b"ready" in connection.recv(4096)


def _within_a_message(connection: socket.socket, engine: FakeEngine) -> None:
    _when_ready(connection, engine)
    connection.sendall(_frame(2, bytes(100), announced=1000))


def _within_a_step(connection: socket.socket, engine: FakeEngine) -> None:
    _when_ready(connection, engine)
    engine.gate.shut()
    engine.gate.drain_arrivals()
    connection.sendall(_frame(2, bytes(44_100)))
    engine.gate.wait_for_arrival()


def _after_the_end(connection: socket.socket, engine: FakeEngine) -> None:
    _within_a_step(connection, engine)
    connection.sendall(_frame(1, b'{"type": "end"}'))


@pytest.mark.parametrize("how", ["close", "shutdown", "reset"])
@pytest.mark.parametrize(
    "state",
    [
        _before_the_first_message,
        _while_the_target_is_embedded,
        _when_ready,
        _within_a_message,
        _within_a_step,
        _after_the_end,
    ],
)
def test_a_client_may_go_at_any_time(
    engine: FakeEngine, state: Callable[[socket.socket, FakeEngine], None], how: str
) -> None:
    with live(engine) as server:
        connection = _upgraded(server)
        try:
            state(connection, engine)
            steps = engine.live_steps
            if how == "reset":
                _reset(connection)
            elif how == "shutdown":
                connection.shutdown(socket.SHUT_WR)
            elif state is not _within_a_message:
                connection.sendall(_frame(8, struct.pack("!H", 1001)))
            else:
                connection.close()
            # the session is over although its step is still held
            wait_until(lambda: server.parts.live_admission.connections == 0)
        finally:
            engine.gate.open()
        _wait_until_empty(server)
        # the step that was under way is the last
        assert engine.live_steps <= steps + 1
        connection.close()


def test_draining_tells_the_sessions_and_ends_them(engine: FakeEngine) -> None:
    with live(engine) as server, _session(server) as client:
        client.send(bytes(44_100))
        server.parts.lifecycle.drain()
        message: Any = b""
        while isinstance(message, bytes):
            message = client.recv(timeout=20)
        error = json.loads(message)
        assert error["type"] == "error"
        assert error["error"]["code"] == "not_ready"
        assert error["error"]["retry_after_seconds"] >= 1
        with pytest.raises(ConnectionClosed):
            client.recv()
        assert client.close_code == 1013
        wait_until(lambda: server.parts.lifecycle.requests_in_hand == 0)


def test_sigterm_ends_a_server_with_a_session() -> None:
    with ServerProcess("--live-load", "100") as process:
        url = process.wait_for_url()
        process.wait_for_line('"message": "ready"')
        with connect(f"{url.replace('http', 'ws')}{PATH}", proxy=None) as client:
            client.send(START)
            assert json.loads(client.recv(timeout=60))["type"] == "ready"
            client.send(wav.pcm16(np.zeros(22050, np.float32)))
            process.process.terminate()
            with pytest.raises(ConnectionClosed):
                while True:
                    client.recv(timeout=60)
            assert client.close_code == 1013
        assert process.end() == 0
        (line,) = [line for line in process.logged() if line.get("method") == "WEBSOCKET"]
        assert line["outcome"] == "not_ready"


def test_live_steps_do_not_wait_for_long_requests(engine: FakeEngine) -> None:
    source = base64.b64encode(voice_file(5.0)).decode()
    with live(engine, Settings(workers=1)) as server, _session(server) as client:
        engine.gate.shut()
        engine.gate.drain_arrivals()
        body = {"target_audio": json.loads(START)["target_audio"], "source_audio": source}
        answers: list[int] = []

        def clone() -> None:
            with server.client() as http:
                answers.append(http.post("/api/clone", json=body).status_code)

        thread = threading.Thread(target=clone)
        thread.start()
        engine.gate.wait_for_arrival()
        # a window of the request holds its thread; the step gets one of its own
        client.send(bytes(2 * 2048))
        engine.gate.wait_for_arrival()
        engine.gate.open()
        assert len(client.recv(timeout=20)) == 2 * 2048
        thread.join(20)
        assert answers == [200]


def test_memory_comes_back(engine: FakeEngine) -> None:
    page = os.sysconf("SC_PAGE_SIZE")

    def resident_bytes() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * page

    with live(engine) as server:
        sizes = []
        for _ in range(12):
            with _session(server) as client:
                client.send(bytes(800_000))
                assert len(_finish(client)) == 800_000
            _wait_until_empty(server)
            sizes.append(resident_bytes())
        assert sizes[-1] - sizes[3] < 8_000_000
