"""`python -m deploy.rehearse.gpu`: run the pip step of Dockerfile.gpu on a machine without a GPU.

It needs the image's version of Python, readelf of Debian's binutils, and a network for packages. It
shows that the packages install, that the CUDA provider is among them, and that the server refuses
to start without a GPU unless it may use the CPU; not that a GPU works.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.rehearse.commands import exit_status, require, run
from deploy.rehearse.dockerfile import ROOT, extras_of
from deploy.rehearse.errors import NotPossible, RehearsalError

DOCKERFILE = ROOT / "Dockerfile.gpu"
PYTHON = "python3.12"
"""Python of Ubuntu 24.04, the base of the image."""

ENVIRONMENT = "/opt/venv"
"""Where Dockerfile.gpu makes the virtual environment."""

NEEDED = (PYTHON, "readelf")
_ASK_PROVIDERS = "import onnxruntime; print(*onnxruntime.get_available_providers())"
_ASK_REQUIREMENTS = (
    "from importlib.metadata import requires; print(*requires('onnxruntime-gpu'), sep='\\n')"
)
_CUDA_MESSAGE = ("GPU", "driver", "CUDA", "cuDNN")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the step and the checks.

    Returns:
        0 if everything is as it should be, 1 if not, 2 if this machine cannot tell.
    """
    options = parse(arguments)
    return exit_status(lambda: rehearse(options.work))


def rehearse(work: Path) -> None:
    """Install the packages in a folder and check them.

    Raises:
        RehearsalError: Something is not as it should be, or this machine cannot tell.
    """
    require(*NEEDED)
    if shutil.which("nvidia-smi") is not None:
        raise NotPossible("there is a GPU here: build and run the image")
    check(install(work), work)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rehearse.gpu", description=__doc__)
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "build" / "rehearsal" / "gpu",
        help="folder that is emptied and gets the environment (default: build/rehearsal/gpu)",
    )
    return parser.parse_args(arguments)


def install(work: Path) -> Path:
    """Run the Dockerfile's step on what the Dockerfile copies.

    Returns:
        The virtual environment.

    Raises:
        RehearsalError: The step failed.
    """
    shutil.rmtree(work, ignore_errors=True)
    text = DOCKERFILE.read_text("utf-8")
    for source in copied(text):
        destination = work / "build" / source
        destination.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, destination)
        else:
            shutil.copy2(ROOT / source, destination)
    environment = (work / "venv").resolve()
    step = pip_step(text).replace(ENVIRONMENT, shlex.quote(str(environment)))
    step = step.replace("python3 ", f"{PYTHON} ")
    variables = os.environ | {"EXTRAS": ",".join(extras_of(DOCKERFILE))}
    run("sh", "-euc", step, cwd=work / "build", environment=variables, show=True)
    return environment


def copied(dockerfile: str) -> list[str]:
    """Return the files and folders of the repository that a Dockerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M)
    return [source for line in lines for source in line.split()[:-1]]


def pip_step(dockerfile: str) -> str:
    """Return the command of a Dockerfile that installs the packages.

    Raises:
        RehearsalError: There is none.
    """
    commands = re.findall(r"^RUN (.+)$", dockerfile.replace("\\\n", ""), re.M)
    for command in commands:
        if f"{ENVIRONMENT}/bin/pip install" in command:
            return str(command)
    raise RehearsalError("the Dockerfile has no step that installs packages")


def check(environment: Path, work: Path) -> None:
    """Check what the packages do without a GPU, and print what they are.

    Raises:
        RehearsalError: They do something else than they should.
    """
    programs = environment / "bin"
    providers = run(programs / "python", "-c", _ASK_PROVIDERS, cwd=work).split()
    print(f"providers: {' '.join(providers)}")
    if "CUDAExecutionProvider" not in providers:
        raise RehearsalError("ONNX Runtime has no CUDA provider")
    size = sum(path.lstat().st_size for path in environment.rglob("*") if path.is_file())
    print(f"environment: {size / 1e6:.0f} MB")
    (provider,) = environment.rglob("libonnxruntime_providers_cuda.so")
    print(f"the CUDA provider links to: {' '.join(linked(provider))}")
    asked = run(programs / "python", "-c", _ASK_REQUIREMENTS, cwd=work).splitlines()
    optional = [text.partition(";")[0].strip() for text in asked if "extra ==" in text]
    print(f"onnxruntime-gpu's extras ask for: {' '.join(optional)}")
    refused = subprocess.run(
        [programs / "openvoice-onnx", "serve", "--port", "0"],
        cwd=work,
        env=variables("cuda"),
        capture_output=True,
        text=True,
        check=False,
    )
    message = refused.stderr.strip().splitlines()[-1:]
    print(f"serve without a GPU: exit status {refused.returncode}: {' '.join(message)}")
    if wrong := faults(refused.returncode, refused.stderr):
        raise RehearsalError(wrong)
    result = work / "converted.wav"
    samples = work / "build" / "samples"
    run(
        *(programs / "openvoice-onnx", "clone", "--provider", "auto", "--output", result),
        *("--target", samples / "english-woman.flac", "--source", samples / "scottish-man.wav"),
        cwd=work,
        environment=variables("auto"),
    )
    if not result.read_bytes().startswith(b"RIFF"):
        raise RehearsalError("no WAV file came out of the conversion on the CPU")
    print(f"auto, on the CPU: {result.stat().st_size} bytes of WAV")


def faults(status: int, printed: str) -> str:
    """Say what is wrong with how the server ended without a GPU; nothing if it is right."""
    if status == 0:
        return "the server ended well without a GPU"
    missing = [word for word in _CUDA_MESSAGE if word not in printed]
    return f"its message does not name {', '.join(missing)}:\n{printed}" if missing else ""


def linked(library: Path) -> Iterator[str]:
    """Give the libraries that a library links to."""
    for line in run("readelf", "--dynamic", "--wide", library).splitlines():
        if found := re.search(r"\(NEEDED\).*\[(.+)\]", line):
            yield found[1]


def variables(provider: str) -> dict[str, str]:
    """Return this process's variables without the server's own, but with a provider."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if "OPENVOICE" not in name and name != "PYTHONPATH"
    }
    return kept | {"OPENVOICE_PROVIDER": provider}


if __name__ == "__main__":
    sys.exit(main())
