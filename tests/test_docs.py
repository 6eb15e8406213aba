"""README and docs/: examples run, links lead somewhere, tables agree, imports are public."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.models import MODELS_VARIABLE
from server.settings import BIND, OPTIONS, PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LANGUAGES = {"sh", "python", "console", "json", "yaml", "ini", "js", "nginx", "mermaid"}
RUN_BY_TESTS = {"sh", "python"}


@dataclass(frozen=True)
class Example:
    """A fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def examples(document: Path) -> list[Example]:
    pattern = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    text = document.read_text("utf-8")
    return [
        Example(
            document,
            text.count("\n", 0, match.start()) + 1,
            match[2],
            re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE),
        )
        for match in pattern.finditer(text)
    ]


EXAMPLES = [example for document in DOCUMENTS for example in examples(document)]
RUNNABLE = [example for example in EXAMPLES if example.language in RUN_BY_TESTS]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout after `make serve`, where examples may write."""
    for name in ("client", "runtime", "server", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    (folder / "python3").symlink_to("python")
    return tmp_path


@pytest.mark.parametrize("example", RUNNABLE, ids=lambda example: example.name)
def test_example_runs(example: Example, live_server: str, checkout: Path) -> None:
    text = example.text.replace("http://localhost:5000", live_server)
    command = ["bash", "-euc"] if example.language == "sh" else [sys.executable, "-c"]
    path = f"{checkout / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [*command, text],
        cwd=checkout,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    if "converted.wav" in text:
        assert (checkout / "converted.wav").read_bytes().startswith(b"RIFF")


@pytest.mark.parametrize("package", ["runtime", "client"])
def test_examples_import_only_public_names(package: str) -> None:
    imported = {
        alias.name
        for example in EXAMPLES
        if example.language == "python"
        for node in ast.walk(ast.parse(example.text))
        if isinstance(node, ast.ImportFrom) and node.module == package
        for alias in node.names
    }
    assert imported
    assert imported <= set(importlib.import_module(package).__all__)


def test_examples_import_from_packages_and_not_from_their_modules() -> None:
    modules = {
        node.module
        for example in EXAMPLES
        if example.language == "python"
        for node in ast.walk(ast.parse(example.text))
        if isinstance(node, ast.ImportFrom)
    }
    assert not {module for module in modules if (module or "").startswith(("runtime.", "client."))}


def test_every_example_says_what_it_is() -> None:
    assert RUNNABLE
    assert [example.name for example in EXAMPLES if example.language not in LANGUAGES] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
        path = (document.parent / target) if target else document
        assert path.exists(), f"{document.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"(?:`|^ *)make ([a-z-]+)", document.read_text("utf-8"), re.M)
    }
    assert named
    assert named <= targets


def test_every_module_command_named_exists() -> None:
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"python3? -m ([a-z_]+(?:\.[a-z_]+)*)", document.read_text("utf-8"))
    }
    ours = {name: ROOT.joinpath(*name.split(".")) for name in named - {"venv", "pip"}}
    assert ours
    assert not {
        name
        for name, path in ours.items()
        if not (path / "__main__.py").exists() and not path.with_suffix(".py").exists()
    }


def shown(default: object) -> str:
    if default in (None, ()):
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_settings_are_documented_as_they_are() -> None:
    rows = [
        f"| `--{name.replace('_', '-')}` "
        f"| `{BIND if name in ('host', 'port') else PREFIX + name.upper()}` "
        f"| {shown(getattr(Settings(), name))} | {option.about} |"
        for name, option in OPTIONS.items()
    ]
    head = ["| option | variable | default | what it is |", "| --- | --- | --- | --- |"]
    table = "\n".join([*head, *rows])
    assert table in (ROOT / "docs" / "deployment.md").read_text("utf-8"), f"it should be\n{table}"


def test_every_variable_named_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in OPTIONS} | {BIND, MODELS_VARIABLE}
    kubernetes = {"OPENVOICE_SERVICE_HOST", "OPENVOICE_PORT"}
    for document in DOCUMENTS:
        for name in re.findall(r"OPENVOICE_[A-Z_]+[A-Z]", document.read_text("utf-8")):
            assert name in known | kubernetes, f"{document.name}: {name}"
