"""Which wheels are found wanting, of what pip reports."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.rehearse import wheels
from deploy.rehearse.dockerfile import ROOT, extras_of
from deploy.rehearse.errors import RehearsalError
from deploy.rehearse.wheels import faults, requirements, wheel_table


def package(wheel: str, *requires: str) -> dict[str, Any]:
    return {
        "metadata": {"name": wheel.partition("-")[0], "requires_dist": list(requires)},
        "download_info": {"url": f"https://host/path/{wheel}"},
    }


PURE = "pure-1.0-py3-none-any.whl"
ARM = "fast-1.0-cp312-cp312-manylinux_2_28_aarch64.whl"


def test_the_images_requirements_are_the_projects() -> None:
    extras = extras_of(ROOT / "Dockerfile.cpu")
    found = [text.partition(">")[0] for text in requirements(extras)]
    assert {"numpy", "onnxruntime", "av", "psycopg[binary]"} <= set(found)
    with pytest.raises(RehearsalError, match="names no extras"):
        extras_of(ROOT / "pyproject.toml")


def test_wheels_for_the_machine_and_for_any_are_right() -> None:
    packages = [package(ARM, "pure"), package(PURE)]
    assert faults(["fast>=1"], packages, "aarch64", "3.12") == []
    assert wheel_table(packages).splitlines()[2:] == [f"| fast | {ARM} |", f"| pure | {PURE} |"]


def test_a_wheel_for_another_machine_is_named() -> None:
    other = ARM.replace("aarch64", "x86_64")
    assert faults(["fast"], [package(other)], "aarch64", "3.12") == [f"{other} is not for aarch64"]


@pytest.mark.parametrize(
    ("requirement", "is_missing"),
    [
        ("gone; platform_machine == 'aarch64'", True),
        ("gone; platform_machine == 'x86_64'", False),
        ("gone; python_version < '3.12'", False),
        ("gone; extra == 'asked'", True),
        ("gone; extra == 'other'", False),
    ],
)
def test_conditions_are_those_of_the_other_machine(requirement: str, is_missing: bool) -> None:
    found = faults(["fast[asked]"], [package(ARM, requirement)], "aarch64", "3.12")
    assert found == ["gone, which fast requires on aarch64, is missing"] * is_missing


def test_the_command_fails_where_a_wheel_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wheels, "requirements", lambda extras: ["fast", "gone"])
    monkeypatch.setattr(wheels, "resolve", lambda *_: [package(ARM)])
    assert wheels.main([]) == 1
    printed = capsys.readouterr()
    assert ARM in printed.out
    assert printed.err == "gone, which the project requires on aarch64, is missing\n"
