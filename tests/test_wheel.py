"""The wheel: one import name, no second copy of the code, and a command that works anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import soundfile

from hatch_build import IMPORT_NAME, rewrite_imports

ROOT = Path(__file__).parent.parent

TYPED_PROGRAM = """
from openvoice_onnx import VoiceCloner

cloner = VoiceCloner.load()
rate: int = cloner.sample_rate_hz
reveal_type(cloner.tone)
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the bin folder of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    run(folder / "bin" / "pip", "install", "--quiet", f"{wheel}[cpu]", cwd=folder)
    return folder / "bin"


def test_imports_between_packages_move_below_the_import_name() -> None:
    source = "from runtime import wav\n\ndef later():\n    from server.app import create_app\n"
    moved = source.replace("from ", "from openvoice_onnx.")
    assert rewrite_imports(source, "module.py") == moved


def test_other_lines_stay_as_they_are() -> None:
    source = '"""From runtime import nothing: 音色."""\nfrom . import runtime\nimport numpy\n'
    assert rewrite_imports(source, "module.py") == source


def test_an_import_that_binds_the_old_name_fails_the_build() -> None:
    with pytest.raises(ValueError, match=r"module\.py:2"):
        rewrite_imports("import numpy\nimport runtime.wav\n", "module.py")


def test_the_wheel_claims_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {IMPORT_NAME}
    for name in (
        "py.typed",
        "onnx_models/compact/manifest.json",
        "onnx_models/marking/LICENSE",
        "server/static/index.html",
    ):
        assert f"{IMPORT_NAME}/{name}" in names
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


@pytest.mark.slow
def test_the_installed_command_converts_a_sample(environment: Path, tmp_path: Path) -> None:
    samples = ROOT / "samples"
    target, source = samples / "english-woman.flac", samples / "english-man.flac"
    output = tmp_path / "converted.wav"
    arguments: list[str | Path] = ["--target", target, "--source", source, "--output", output]
    run(environment / "openvoice-onnx", "clone", *arguments, cwd=tmp_path)
    length = soundfile.info(source)
    assert soundfile.info(output).frames == round(length.frames / length.samplerate * 22050)


@pytest.mark.slow
def test_every_subcommand_explains_itself(environment: Path, tmp_path: Path) -> None:
    for command in ("serve", "clone", "info"):
        text = run(environment / "openvoice-onnx", command, "--help", cwd=tmp_path)
        assert text.startswith(f"usage: openvoice-onnx {command}")


@pytest.mark.slow
def test_types_of_the_installed_package_are_seen(environment: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(TYPED_PROGRAM)
    options: list[str | Path] = ["--strict", "--python-executable", environment / "python"]
    text = run(sys.executable, "-m", "mypy", *options, program, cwd=tmp_path)
    assert "def (waveform: " in text
