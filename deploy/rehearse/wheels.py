"""`python -m deploy.rehearse.wheels`: find a wheel of every package in the CPU image for ARM.

pip resolves the requirements that Dockerfile.cpu installs for another machine than this one,
without building anything. It needs a network, and downloads metadata only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from deploy.rehearse.commands import exit_status, run
from deploy.rehearse.dockerfile import ROOT, extras_of, python_version
from deploy.rehearse.errors import RehearsalError

MACHINE = "aarch64"
GLIBC = range(17, 37)
"""Minor versions of manylinux that the image can use: its Debian 12 has glibc 2.36."""

Package = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of wheels.

    Returns:
        0 if every package has a wheel, 1 if not.
    """
    options = parse(arguments)
    return exit_status(lambda: tell(options.machine))


def tell(machine: str) -> None:
    """Print the table of wheels for a machine.

    Raises:
        RehearsalError: A package has no wheel, or pip cannot reach its index.
    """
    dockerfile = ROOT / "Dockerfile.cpu"
    version = python_version(dockerfile)
    wanted = requirements(extras_of(dockerfile))
    packages = resolve(wanted, machine, version)
    print(wheel_table(packages))
    if wrong := faults(wanted, packages, machine, version):
        raise RehearsalError("\n".join(wrong))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rehearse.wheels", description=__doc__)
    parser.add_argument(
        "--machine", default=MACHINE, help="machine as Linux calls it (default: %(default)s)"
    )
    return parser.parse_args(arguments)


def requirements(extras: Iterable[str]) -> list[str]:
    """Return what the project requires with some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chosen = (project["optional-dependencies"][extra] for extra in extras)
    return sum(chosen, list(project["dependencies"]))


def resolve(wanted: Sequence[str], machine: str, python: str) -> list[Package]:
    """Let pip choose a wheel for every package, for another machine.

    Returns:
        The entries of pip's installation report.

    Raises:
        RehearsalError: A package has no wheel, or pip cannot reach its index.
    """
    tags = [f"manylinux_2_{minor}" for minor in GLIBC] + ["manylinux2014"]
    platforms = [f"--platform={tag}_{machine}" for tag in tags]
    with tempfile.TemporaryDirectory() as name:
        report = Path(name, "report.json")
        run(
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}"),
            *(f"--target={name}", f"--report={report}", *platforms, *wanted),
        )
        found: list[Package] = json.loads(report.read_text("utf-8"))["install"]
    return sorted(found, key=lambda package: name_of(package))


def name_of(package: Package) -> str:
    """Return the normalised name of a package in pip's report."""
    return str(canonicalize_name(package["metadata"]["name"]))


def wheel_of(package: Package) -> str:
    """Return the file name of a package's wheel in pip's report."""
    url: str = package["download_info"]["url"]
    return url.rpartition("/")[2]


def wheel_table(packages: Sequence[Package]) -> str:
    """Give the wheels as a table in Markdown."""
    rows = [f"| {name_of(package)} | {wheel_of(package)} |" for package in packages]
    return "\n".join(["| package | wheel |", "| --- | --- |", *rows])


def faults(
    wanted: Sequence[str], packages: Sequence[Package], machine: str, python: str
) -> list[str]:
    """Name what is wrong with wheels that pip chose.

    pip evaluates the conditions of requirements for the machine that it runs on, so they are
    evaluated again for the other one.

    Args:
        wanted: The project's requirements.
        packages: The entries of pip's report.
        machine: The machine that the wheels are for.
        python: Python's version there.
    """
    names = {name_of(package) for package in packages}
    wrong = []
    for package in packages:
        wheel = wheel_of(package)
        tags = parse_wheel_filename(wheel)[3]
        if not any(tag.platform == "any" or tag.platform.endswith(machine) for tag in tags):
            wrong.append(f"{wheel} is not for {machine}")
    there = {
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    for text, by, extras in asked(wanted, packages):
        requirement = Requirement(text)
        marker = requirement.marker
        applies = marker is None or any(marker.evaluate(there | {"extra": it}) for it in extras)
        if applies and canonicalize_name(requirement.name) not in names:
            wrong.append(f"{requirement.name}, which {by} requires on {machine}, is missing")
    return wrong


def asked(
    wanted: Sequence[str], packages: Sequence[Package]
) -> Iterator[tuple[str, str, set[str]]]:
    """Give each requirement, who has it, and the extras that it is asked with.

    Args:
        wanted: The project's requirements.
        packages: The entries of pip's report.
    """
    own = {name_of(each): each["metadata"].get("requires_dist") or () for each in packages}
    extras: dict[str, set[str]] = {name: {""} for name in own}
    for requirement in map(Requirement, (*wanted, *chain.from_iterable(own.values()))):
        extras.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    yield from ((text, "the project", {""}) for text in wanted)
    for name, texts in own.items():
        yield from ((text, name, extras[name]) for text in texts)


if __name__ == "__main__":
    sys.exit(main())
