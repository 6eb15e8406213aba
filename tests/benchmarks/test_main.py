import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.options import Options
from runtime import DEFAULT_MODEL


def test_models_asked_for_are_all_that_is_measured(tmp_path: Path) -> None:
    commands, options = command.parse(
        ["windows", "--model", "a", "b", "--threads", "3", "--quick", "--output", str(tmp_path)]
    )
    assert commands == ["windows"]
    assert options.models == (Path("a"), Path("b"))
    assert (options.threads, options.quick, options.official) == (3, True, False)


def test_all_is_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "has_torch", lambda: True)
    commands, options = command.parse(["all"])
    assert commands == list(command.COMMANDS)
    assert options.models == (DEFAULT_MODEL,)
    assert options.official


def test_without_pytorch_all_leaves_out_what_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "has_torch", lambda: False)
    commands, options = command.parse(["all"])
    assert set(command.COMMANDS) - set(commands) == {"compare", "gpu"}
    assert not options.official


@pytest.mark.slow
def test_a_command_prints_and_writes_what_it_found(
    options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command.main(
        ["quality", "--quick", "--model", str(options.model), "--output", str(options.output)]
    )
    assert status == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("# quality")
    found = json.loads((options.output / "quality.json").read_text())
    assert found["environment"]["provider"] == "cpu"
    assert str(options.model) not in json.dumps(found)


def test_a_model_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["quality", "--quick", "--model", str(tmp_path / "no"), "--output", str(tmp_path)]
    assert command.main(arguments) == 1
    assert capsys.readouterr().err.startswith("benchmarks quality: ")
