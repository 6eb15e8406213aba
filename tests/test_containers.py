"""The images hold what the server needs, install only runtime dependencies and run as a user."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from hatch_build import DATA, IMPORT_NAME, PACKAGES

ROOT = Path(__file__).parent.parent
INCLUDED = (IMPORT_NAME, *PACKAGES, *DATA)
EXTRAS = {"Dockerfile.cpu": "cpu,formats,postgres", "Dockerfile.gpu": "gpu,formats,postgres"}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, each with its argument on one line."""
    text = (ROOT / dockerfile).read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def health_check(dockerfile: str) -> list[str]:
    """Give the command of a Dockerfile's health check."""
    value = dict(instructions(dockerfile))["HEALTHCHECK"]
    command: list[str] = json.loads(value[value.index("CMD ") + 4 :])
    return command


def copied(dockerfile: str) -> list[str]:
    arguments = [argument for name, argument in instructions(dockerfile) if name == "COPY"]
    return [
        source
        for argument in arguments
        if not argument.startswith("--from=")
        for source in argument.split()[:-1]
    ]


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_everything_copied_is_there_and_reaches_the_builder(dockerfile: str) -> None:
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert {"LICENSE", "pyproject.toml", "hatch_build.py", *INCLUDED} <= set(copied(dockerfile))
    for source in copied(dockerfile):
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) for pattern in let_through)


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_what_is_copied_is_enough_to_serve_and_convert(dockerfile: str, tmp_path: Path) -> None:
    for source in set(copied(dockerfile)):
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source).symlink_to(ROOT / source)
    clips = ["--target", "samples/scottish-man.wav", "--source", "samples/english-woman.flac"]
    clone = ["clone", "--model", "onnx_models/compact", *clips, "--output", "converted.wav"]
    for command in (["-m", "server", "--help"], ["-m", "runtime", *clone]):
        subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            check=True,
        )
    assert (tmp_path / "converted.wav").read_bytes().startswith(b"RIFF")


@pytest.mark.parametrize(("dockerfile", "extra"), EXTRAS.items())
def test_only_runtime_dependencies_are_installed(dockerfile: str, extra: str) -> None:
    runs = " ".join(argument for name, argument in instructions(dockerfile) if name == "RUN")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chosen = [project["optional-dependencies"][name] for name in extra.split(",")]
    installed = sum(chosen, list(project["dependencies"]))
    names = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in installed}
    assert re.findall(r"pip .*?install (?:--\S+ )*(\S+)", runs)[0] == '".[$EXTRAS]"'
    assert ("ARG", f"EXTRAS={extra}") in instructions(dockerfile)
    assert not names & {"torch", "onnx", "onnxscript", "onnxslim", "scipy"}


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_it_runs_as_nobody_on_every_address(dockerfile: str) -> None:
    last = [name for name, _ in instructions(dockerfile)]
    values = dict(instructions(dockerfile))
    environment = " ".join(argument for name, argument in instructions(dockerfile) if name == "ENV")
    assert values["USER"] == "10001:10001"
    assert last.index("USER") > max(i for i, name in enumerate(last) if name in ("RUN", "COPY"))
    assert "OPENVOICE_BIND=0.0.0.0:5000" in environment
    assert json.loads(values["CMD"]) == ["openvoice-onnx", "serve"]


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_the_health_check_is_valid_python(dockerfile: str) -> None:
    command = health_check(dockerfile)
    assert command[:2] == ["python", "-c"]
    assert "/readyz" in command[2]
    compile(command[2], dockerfile, "exec")


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_another_model_can_be_baked_in(dockerfile: str) -> None:
    steps = instructions(dockerfile)
    arguments = [argument for name, argument in steps if name == "ARG"]
    environment = " ".join(argument for name, argument in steps if name == "ENV")
    assert {"MODEL=compact", "HF_ENDPOINT="} <= set(arguments)
    assert "OPENVOICE_MODEL=$MODEL" in environment
    installing = [argument for name, argument in steps if name == "RUN" and " install " in argument]
    assert re.match(
        r'\[ "\$MODEL" = compact \] +\|\| .*openvoice-onnx install "\$MODEL"$', installing[-1]
    )


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_every_shell_command_parses(dockerfile: str) -> None:
    commands = [argument for name, argument in instructions(dockerfile) if name == "RUN"]
    assert commands
    for command in commands:
        subprocess.run(["sh", "-n", "-c", command], check=True)


@pytest.mark.parametrize("dockerfile", EXTRAS)
def test_files_are_copied_from_earlier_stages(dockerfile: str) -> None:
    stages: list[str] = []
    for name, argument in instructions(dockerfile):
        if name == "FROM":
            stages += re.findall(r" AS (\w+)$", argument)
        elif name == "COPY" and (source := re.match(r"--from=(\w+) ", argument)):
            assert source[1] in stages


def test_the_base_can_be_pinned_by_its_digest() -> None:
    first, second = instructions("Dockerfile.cpu")[:2]
    assert re.fullmatch(r"PYTHON=python:3\.\d+-slim-\w+", first[1])
    assert second == ("FROM", "${PYTHON} AS build")
