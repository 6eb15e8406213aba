"""Live sessions of both clients against a server that plays its part by a script."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from client import (
    ApiError,
    AsyncClient,
    Client,
    ClientError,
    Overloaded,
    ToneResult,
    UnexpectedAnswer,
    Unreachable,
    UnreadableAudio,
)
from client.__main__ import main
from tests.client.fake_server import wav_file

READY = {
    "type": "ready",
    "sample_rate": 22050,
    "format": "pcm_s16le",
    "latency_seconds": 0.2,
    "chunk_seconds": 0.1,
    "request_id": "r-1",
}
STATS = {
    "seconds": 1.0,
    "steps": 10,
    "late_steps": 2,
    "longest_step_seconds": 0.25,
    "seed": 7,
}
TONE = ToneResult("abc:AAAA", 2.0, ())

Script = Callable[["Stage"], None]


class Stage:
    """A connection on the server's side."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.headers: dict[str, str] = {}
        self.start: dict[str, Any] = {}

    def begin(self) -> None:
        self.start = json.loads(self.connection.recv())
        self.say(READY)

    def say(self, message: dict[str, Any]) -> None:
        self.connection.send(json.dumps(message))

    def echo(self) -> None:
        """Send back what is sent, then the stats."""
        while isinstance(message := self.connection.recv(), bytes):
            self.connection.send(message)
        assert json.loads(message) == {"type": "end"}
        self.say({"type": "done", "stats": STATS})

    def refuse(self, code: str, **facts: Any) -> None:
        error = {"code": code, **facts}
        self.say({"type": "error", "success": False, "message": "do this", "error": error})


@contextmanager
def _server(script: Script, refusal: Response | None = None) -> Iterator[tuple[str, list[Stage]]]:
    stages: list[Stage] = []
    paths: list[Request] = []

    def play(connection: ServerConnection) -> None:
        stage = Stage(connection)
        assert connection.request is not None
        stage.headers = dict(connection.request.headers.raw_items())
        stages.append(stage)
        script(stage)

    def look(connection: ServerConnection, request: Request) -> Response | None:
        paths.append(request)
        return refusal

    with serve(play, "127.0.0.1", 0, process_request=look) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}", stages
        finally:
            server.shutdown()
            thread.join(10)
    assert {request.path for request in paths} <= {"/api/clone/live"}


def _echo(stage: Stage) -> None:
    stage.begin()
    stage.echo()


def test_blocks_go_out_and_come_back() -> None:
    blocks = [bytes([number]) * 100 for number in range(50)]
    with (
        _server(_echo) as (address, stages),
        Client(address, api_key="geheim", language="zh") as client,
    ):
        with client.live(TONE, speaker=TONE, tau=1.0, latency="low", sample_rate=16_000) as session:
            assert session.ready.sample_rate_hz == 22050
            assert session.ready.latency_seconds == 0.2
            assert b"".join(session.convert(blocks)) == b"".join(blocks)
            assert session.stats is not None
            assert (session.stats.late_steps, session.stats.seed) == (2, 7)
        (stage,) = stages
    assert stage.start == {
        "target_tone": TONE.tone,
        "source_tone": TONE.tone,
        "tau": 1.0,
        "latency": "low",
        "sample_rate": 16_000,
    }
    assert stage.headers["authorization"] == "Bearer geheim"
    assert stage.headers["accept-language"] == "zh"


def test_clips_are_sent_as_base64(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(wav_file(1000))
    with (
        _server(_echo) as (address, stages),
        Client(address) as client,
        client.live([clip, clip], speaker=clip) as session,
    ):
        assert list(session.convert([])) == []
    encoded = base64.b64encode(wav_file(1000)).decode()
    assert stages[0].start == {"target_audio": [encoded, encoded], "source_audio": encoded}


async def test_the_asynchronous_client_does_the_same() -> None:
    with _server(_echo) as (address, stages):
        async with (
            AsyncClient(address, api_key="geheim") as client,
            client.live(TONE, temperature=0.0) as session,
        ):
            for _ in range(3):
                await session.send(bytes(10))
            await session.end()
            assert [pcm async for pcm in session] == 3 * [bytes(10)]
            assert session.stats is not None
    assert stages[0].start == {"target_tone": TONE.tone, "temperature": 0.0}
    assert stages[0].headers["authorization"] == "Bearer geheim"


def _full(stage: Stage) -> None:
    stage.connection.recv()
    stage.refuse("overloaded", retry_after_seconds=10)


def _broken(stage: Stage) -> None:
    stage.begin()
    stage.connection.recv()
    stage.refuse("unexpected_message", expected="audio")
    stage.connection.close(1008)


def _gone(stage: Stage) -> None:
    stage.begin()
    stage.connection.recv()
    stage.connection.close(1011)


def _other_service(stage: Stage) -> None:
    stage.connection.recv()
    stage.connection.send(b"what?")


def _half_ready(stage: Stage) -> None:
    stage.connection.recv()
    stage.say({"type": "ready"})


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        (_full, Overloaded, "overloaded"),
        (_broken, ApiError, "unexpected_message"),
        (_gone, Unreachable, "1011"),
        (_other_service, UnexpectedAnswer, "audio where a message"),
        (_half_ready, UnexpectedAnswer, "lacks a field"),
    ],
)
async def test_what_goes_wrong_is_raised(
    script: Script, kind: type[ClientError], text: str
) -> None:
    with _server(script) as (address, _):
        with (
            Client(address) as client,
            pytest.raises(kind, match=text),
            client.live(TONE) as session,
        ):
            list(session.convert([bytes(10)]))
        async with AsyncClient(address) as other:
            with pytest.raises(kind, match=text):
                async with other.live(TONE) as asynchronous:
                    await asynchronous.send(bytes(10))
                    async for _ in asynchronous:
                        pass


def test_a_refusal_before_the_upgrade_is_an_error_of_the_api() -> None:
    answer = {"success": False, "message": "send the key", "error": {"code": "unauthorized"}}
    body = json.dumps(answer).encode()
    headers = Headers({"Content-Length": str(len(body))})
    refusal = Response(HTTPStatus.UNAUTHORIZED, "Unauthorized", headers, body)
    with (
        _server(_echo, refusal) as (address, _),
        Client(address) as client,
        pytest.raises(ApiError, match="send the key") as caught,
        client.live(TONE),
    ):
        pass
    assert caught.value.status == 401


def test_nobody_there_is_told() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable), client.live(TONE):
        pass


def test_a_source_that_fails_ends_the_session() -> None:
    def blocks() -> Iterator[bytes]:
        yield bytes(10)
        raise UnreadableAudio("microphone", "it is gone")

    with (
        _server(_echo) as (address, _),
        Client(address) as client,
        client.live(TONE) as session,
        pytest.raises(UnreadableAudio, match="it is gone"),
    ):
        list(session.convert(blocks()))


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENVOICE_API_KEY", raising=False)
    clip, speech, output = tmp_path / "clip.wav", tmp_path / "speech.s16", tmp_path / "out.s16"
    clip.write_bytes(wav_file(1000))
    speech.write_bytes(bytes(range(256)) * 200 + b"x")
    files = ["--target", str(clip), "--input", str(speech), "--output", str(output)]
    with _server(_echo) as (address, stages):
        wishes = ["--tau", "1", "--latency", "low", "--rate", "16000"]
        assert main(["live", "--server", address, *files, *wishes]) == 0
    # half a sample at the end is not sent
    assert output.read_bytes() == speech.read_bytes()[:-1]
    start = stages[0].start
    assert (start["tau"], start["latency"], start["sample_rate"]) == (1.0, "low", 16_000)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "live: 16-bit mono at 22050 Hz, 0.200 s behind the input\n2 of 10 steps were late\n"
    )


def test_the_command_says_what_went_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(wav_file(1000))
    with _server(_full) as (address, _):
        assert (
            main(["live", "--server", address, "--target", str(clip), "--input", "/dev/null"]) == 1
        )
    assert capsys.readouterr().err.startswith("error: overloaded: do this")
