from __future__ import annotations

import json
from pathlib import Path

import pytest

from client import __main__ as command
from tests.client.test_main import Box, box

__all__ = ["box"]


def voices(*arguments: str) -> int:
    action, *others = arguments
    return command.main(["voices", action, "--server", "http://box:5000", *others])


def test_voices_are_stored_listed_and_deleted(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("ben", "anna", "carl"):
        assert voices("add", name, str(box.target), "--keep-audio") == 0
    assert json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}")["has_audio"] is True
    assert voices("delete", "ben") == 0
    assert voices("list") == 0
    assert capsys.readouterr().out == "anna\ncarl\n"
    assert voices("get", "anna") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "anna"
    assert voices("get", "ben") == 1
    assert "voice_not_found" in capsys.readouterr().err


def test_a_clip_that_is_missing(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert voices("add", "anna", str(Path("missing.wav"))) == 1
    assert "missing.wav" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["anna"], "anna"),
        (["anna=0.7", "ben=0.3"], {"anna": 0.7, "ben": 0.3}),
        (["anna", "ben"], {"anna": 1.0, "ben": 1.0}),
    ],
)
def test_clone_takes_stored_voices(box: Box, given: list[str], sent: object) -> None:
    arguments = ["clone", "--server", "http://box:5000", "--target-voice", *given]
    files = ["--source", str(box.source), "--output", str(box.output)]
    assert command.main([*arguments, *files]) == 0
    assert box.server.bodies[0]["target_voice"] == sent
    assert "target_audio" not in box.server.bodies[0]


@pytest.mark.parametrize("more", [["--target-voice", "anna=x"], ["--target-voice", "anna"], []])
def test_one_kind_of_target_is_needed(
    box: Box, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["clone", "--server", "http://box", "--source", "s", "--output", "o"]
    target = ["--target", "t"] if more == ["--target-voice", "anna"] else []
    with pytest.raises(SystemExit) as ended:
        command.main([*arguments, *target, *more])
    assert ended.value.code == 2
    assert "--target" in capsys.readouterr().err
