from __future__ import annotations

import json
import re
import wave
from pathlib import Path

import httpx
import pytest

from client import __main__ as command
from client.synchronous import Client
from tests.client.fake_server import FakeServer, refusal, wav_file


class Box:
    """Files to convert, and a fake server that converts them."""

    def __init__(self, folder: Path) -> None:
        self.server = FakeServer()
        self.output = folder / "output.wav"
        self.target = folder / "target.wav"
        self.source = folder / "source.wav"
        self.target.write_bytes(wav_file(2000, 1000))
        self.source.write_bytes(wav_file(25_000, 1000))

    def clone(self, *more: str) -> int:
        files = ("--target", str(self.target), "--source", str(self.source))
        output = ("--output", str(self.output))
        return command.main(["clone", "--server", "http://box:5000", *files, *output, *more])

    @property
    def leftovers(self) -> set[str]:
        return {path.name for path in self.output.parent.iterdir()} - {"target.wav", "source.wav"}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    result = Box(tmp_path)

    def connect(server: str, *, api_key: str | None) -> Client:
        return Client(server, api_key=api_key, transport=httpx.MockTransport(result.server))

    monkeypatch.setattr(command, "Client", connect)
    monkeypatch.delenv("OPENVOICE_API_KEY", raising=False)
    return result


def test_clone_writes_the_stream(box: Box) -> None:
    assert box.clone("--tau", "1", "--seed", "5", "--temperature", "0") == 0
    with wave.open(str(box.output)) as sound:
        assert sound.getnframes() == 25 * 22050
        assert sound.getframerate() == 22050
    sent = box.server.bodies[0]
    assert (sent["tau"], sent["seed"], sent["temperature"]) == (1.0, 5, 0.0)
    assert box.server.requests[0].url.path == "/api/clone/stream"
    assert box.leftovers == {"output.wav"}


@pytest.mark.parametrize(
    ("name", "options", "format"),
    [
        ("output.mp3", [], "mp3"),
        ("output.OPUS", [], "ogg"),
        ("output.mp3", ["--format", "flac"], "flac"),
        ("output", ["--sample-rate", "16000"], "wav"),
    ],
)
def test_clone_writes_other_formats(box: Box, name: str, options: list[str], format: str) -> None:
    box.output = box.output.with_name(name)
    assert box.clone(*options) == 0
    sent = box.server.bodies[0]
    assert sent["format"] == format
    assert sent.get("sample_rate") == (16000 if "16000" in options else None)
    assert box.output.read_bytes().startswith(format.encode())
    assert box.leftovers == {name}


def test_another_format_that_breaks_off_leaves_nothing(
    box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    box.server.cut_after_lines = 1
    assert box.clone("--format", "mp3", "--quiet") == 1
    assert "peer closed" in capsys.readouterr().err
    assert box.leftovers == set()


def test_several_targets(box: Box) -> None:
    assert box.clone("--target", str(box.target), str(box.source)) == 0
    assert len(box.server.bodies[0]["target_audio"]) == 2


def test_the_key_comes_from_the_environment(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVOICE_API_KEY", "secret")
    assert box.clone() == 0
    assert box.server.requests[0].headers["Authorization"] == "Bearer secret"


def test_info_prints_json(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["info", "--server", "http://box:5000"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "v2"


def test_a_refusal_is_one_line(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    box.server.refusals.append(refusal(422, "silent_audio", param="target_audio"))
    assert box.clone() == 1
    line = "error: silent_audio (target_audio): say what to do [request r-9]\n"
    assert capsys.readouterr().err == line
    assert box.leftovers == set()


def test_a_missing_file(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    box.source.unlink()
    assert box.clone() == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert box.server.requests == []


def test_an_output_that_cannot_be_written(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    box.output = box.output.parent / "missing" / "output.wav"
    assert box.clone() == 1
    assert "missing" in capsys.readouterr().err


def test_a_broken_stream_keeps_the_old_output(box: Box) -> None:
    box.output.write_bytes(b"old")
    box.server.cut_after_lines = 2
    assert box.clone() == 1
    assert box.output.read_bytes() == b"old"
    assert box.leftovers == {"output.wav"}


def test_an_interruption(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "write_wav", interrupt)
    assert box.clone() == 130
    assert box.leftovers == set()


def test_no_server(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    box.server.reachable = False
    assert box.clone() == 1
    assert "cannot reach http://box:5000" in capsys.readouterr().err


def test_bad_arguments_are_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["clone", "--server", "x"])
    assert caught.value.code == 2
    assert "--target" in capsys.readouterr().err


def verify(box: Box) -> int:
    return command.main(["verify", "--server", "http://box:5000", str(box.source)])


def test_marked_files_are_told_from_others(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(box) == 0
    assert re.fullmatch(
        r".*source\.wav: watermark \(confidence 1\.00\), label of openvoice-onnx, \w+\n",
        capsys.readouterr().out,
    )
    watermark = box.server.verified["watermark"] | {"present": False, "confidence": 0.07}
    box.server.verified |= {"watermark": watermark, "metadata": None}
    assert verify(box) == 1
    assert "no watermark (confidence 0.07), no label" in capsys.readouterr().out
