from pathlib import Path

import pytest

from runtime.commands.main import main
from tests.audio import voice_file

SAMPLES = Path(__file__).parents[3] / "samples"
ENGLISH, SCOTTISH = str(SAMPLES / "english-woman.flac"), str(SAMPLES / "scottish-man.wav")


def clone(model: Path, output: Path, *options: str) -> None:
    arguments = ["clone", "--model", str(model), "--target", SCOTTISH, "--source", ENGLISH]
    arguments += ["--output", str(output), "--provider", "cpu", "--threads", "1", *options]
    assert main(arguments) == 0


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()[1:]]


def test_a_converted_file_is_marked(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full, labelled, plain = (tmp_path / f"{name}.wav" for name in ("full", "metadata", "none"))
    clone(model_folder, full)
    for path in (labelled, plain):
        clone(model_folder, path, "--marking", path.stem)
    capsys.readouterr()

    assert main(["verify", str(full), str(labelled)]) == 0
    first, second = rows(capsys)
    assert first[1] == "present" and float(first[2]) > 0.9 and "openvoice-onnx" in first
    assert second[1] == "absent" and "openvoice-onnx" in second
    assert main(["verify", str(full), str(plain)]) == 1
    assert rows(capsys)[1][1:] == ["absent", rows_of(plain, capsys)[2]]


def rows_of(path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["verify", str(path)])
    return rows(capsys)[0]


def test_an_unreadable_file_is_told_with_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.wav").write_bytes(b"no audio")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "voice.wav").write_bytes(voice_file(1.0))
    names = ("text.wav", "missing.wav", "voice.wav", "empty.wav")
    assert main(["verify", *(str(tmp_path / name) for name in names)]) == 2
    assert [row[1] for row in rows(capsys)] == ["unreadable", "unreadable", "absent", "unreadable"]
