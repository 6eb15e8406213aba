"""What a rehearsal reads from the repository, and its table of layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.rehearse.__main__ import layer_table, main, readme_command
from deploy.rehearse.builder import Image, Layer, final_steps
from deploy.rehearse.commands import require, run
from deploy.rehearse.dockerfile import ROOT, python_version
from deploy.rehearse.errors import NotPossible, RehearsalError


def test_layers_are_the_steps_of_the_last_stage() -> None:
    dockerfile = "FROM a AS one\nRUN x\nFROM b\nCOPY --from=one /x \\\n  /y\nENV A=1\nRUN z\n"
    assert final_steps(dockerfile) == ["COPY --from=one /x   /y", "RUN z"]


def test_sizes_add_up() -> None:
    image = Image("name", {}, [Layer("COPY a b", 1_500_000, 2), Layer("RUN c", 250_000, 1)])
    table = layer_table(image).splitlines()
    assert table[2:] == ["| `COPY a b` | 2 | 1.5 |", "| `RUN c` | 1 | 0.2 |", "| whole | 3 | 1.8 |"]


def test_the_dockerfile_names_a_python(tmp_path: Path) -> None:
    major, minor = python_version(ROOT / "Dockerfile.cpu").split(".")
    assert (int(major), int(minor)) >= (3, 11)
    other = tmp_path / "Dockerfile"
    other.write_text("FROM debian\n")
    with pytest.raises(RehearsalError, match="Dockerfile names no version"):
        python_version(other)


def test_readme_has_the_command() -> None:
    assert readme_command().startswith("curl ")
    assert "/api/clone" in readme_command()


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotPossible, match="not installed: no-such-program"):
        require("no-such-program")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main([]) == 2


def test_an_error_has_what_the_program_printed() -> None:
    with pytest.raises(RehearsalError, match="ended with 3\nreason"):
        run("sh", "-c", "echo reason >&2; exit 3")
