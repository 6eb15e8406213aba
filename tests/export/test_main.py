from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.__main__ import main, parse
from tests.export import official_files

if TYPE_CHECKING:
    from torch import Tensor


def fail(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run the command, see that it fails and return what it says."""
    assert main([str(argument) for argument in arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("export: ")
    assert "Traceback" not in said
    return said


def test_a_checkpoint_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = fail(capsys, "--checkpoint", tmp_path / "none.pth", "--output", tmp_path / "model")
    assert "is not a file, a folder or a hub name" in said


def test_a_config_that_is_wrong(
    checkpoint_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = official_files.write_config(tmp_path, {"data": {}, "model": {}})
    arguments = ("--checkpoint", checkpoint_folder, "--config", config)
    assert "lacks sampling_rate" in fail(capsys, *arguments, "--output", tmp_path / "model")


def test_a_checkpoint_with_another_tensor(
    official_state: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = {**official_state, "dec.cond.bias": torch.zeros(3)}
    path = official_files.write_checkpoint(tmp_path, others)
    said = fail(capsys, "--checkpoint", path, "--output", tmp_path / "model")
    assert "misshapen: dec.cond.bias is [3], should be [512]" in said
    assert not (tmp_path / "model").exists()


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    checkpoint_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    output = tmp_path / "file" / "model"
    said = fail(capsys, "--checkpoint", checkpoint_folder, "--output", output)
    assert "cannot be written" in said


def test_missing_speech_is_told_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ("--checkpoint", tmp_path / "none.pth", "--output", tmp_path / "model")
    speech = ("--precision", "int8", "--calibration", tmp_path / "none")
    assert "holds 0 recordings" in fail(capsys, *places, *speech)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--checkpoint", "x"],
        ["--checkpoint", "x", "--output", "y", "--opset", "3"],
        ["--checkpoint", "x", "--output", "y", "--precision", "int4"],
        ["--checkpoint", "x", "--output", "y", "--calibration", "z"],
    ],
)
def test_a_wrong_command_line_ends_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "usage: python -m export" in capsys.readouterr().err
