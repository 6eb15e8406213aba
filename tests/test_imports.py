"""Directions of imports between packages, and independence of what is deployed from PyTorch."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "runtime",
    "server",
    "client",
    "openvoice_onnx",
    "export",
    "training",
    "benchmarks",
    "deploy",
)
ALLOWED = {
    "runtime": set(),
    "server": {"runtime"},
    "client": set(),
    "openvoice_onnx": {"runtime", "server", "client"},
    "export": {"runtime"},
    "training": {"runtime", "export"},
    "benchmarks": {"runtime", "export"},
    "deploy": {"runtime", "server"},
}
SERVER_LAYERS = (
    "settings",
    "messages",
    "telemetry",
    "http",
    "keys",
    "voices",
    "inference",
    "openapi",
    "endpoints",
    "middleware",
    "process",
    "app",
    "serving",
    "__main__",
)
"""What server/ is made of, from the lowest layer up: each imports only itself and what is below."""

GRAPH_MAKING = {"torch", "onnx", "onnxscript", "onnxslim", "scipy"}
THIRD_PARTY = {
    "runtime": {"av", "numpy", "onnxruntime", "soundfile", "soxr", "tqdm"},
    "server": {
        "anyio",
        "msgspec",
        "numpy",
        "opentelemetry",
        "prometheus_client",
        "psycopg",
        "python_multipart",
        "starlette",
        "tqdm",
        "uvicorn",
    },
    "client": {"httpx", "numpy", "opentelemetry", "soundfile", "tqdm", "websockets"},
}

# Program for a separate process: refuses the named packages, then imports every module given.
IMPORT_WITHOUT = """
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ImportError(name + " is not there in deployment")

refused = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Refuse())
for name in sys.argv[2:]:
    importlib.import_module(name)
assert not refused & set(sys.modules)
"""


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported_names(source: str, package: str) -> Iterator[str]:
    """Yield the top-level name of every import in a module, those inside functions included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package if node.level else (node.module or "").partition(".")[0]


def imports_of(package: str) -> dict[str, set[str]]:
    return {
        str(path.relative_to(ROOT)): set(imported_names(path.read_text("utf-8"), package))
        - {package}
        for path in modules_of(package)
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    forbidden = set(PACKAGES) - ALLOWED[package] - {package} | {"tests"}
    found = {name: used & forbidden for name, used in imports_of(package).items()}
    assert modules_of(package)
    assert not {name: used for name, used in found.items() if used}


def server_imports(source: str) -> Iterator[str]:
    """Yield the part of server/ that each import in a module names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports within server/ are absolute"
            module = node.module or ""
            names = [f"server.{a.name}" for a in node.names] if module == "server" else [module]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("server."))


def test_the_layers_of_the_server_are_all_its_parts() -> None:
    parts = {
        path.relative_to(ROOT / "server").parts[0].removesuffix(".py")
        for path in modules_of("server")
    }
    assert parts - {"__init__"} == set(SERVER_LAYERS)


@pytest.mark.parametrize("layer", SERVER_LAYERS)
def test_imports_within_the_server_go_down(layer: str) -> None:
    above = set(SERVER_LAYERS[SERVER_LAYERS.index(layer) + 1 :])
    folder = ROOT / "server"
    modules = [
        p for p in modules_of("server") if p.relative_to(folder).parts[0] in (layer, f"{layer}.py")
    ]
    found = {
        str(path.relative_to(ROOT)): set(server_imports(path.read_text("utf-8"))) & above
        for path in modules
    }
    assert found
    assert not {name: used for name, used in found.items() if used}


@pytest.mark.parametrize("package", ["runtime", "server", "client"])
def test_what_is_deployed_uses_only_its_dependencies(package: str) -> None:
    allowed = THIRD_PARTY[package] | ALLOWED[package] | set(sys.stdlib_module_names)
    found = {name: used - allowed for name, used in imports_of(package).items()}
    assert not {name: used for name, used in found.items() if used}


@pytest.mark.parametrize("package", ["runtime", "server", "client"])
def test_every_module_imports_without_what_makes_graphs(package: str) -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules_of(package)
        if path.name != "__main__.py"
    ]
    refused = GRAPH_MAKING | (set(PACKAGES) - ALLOWED[package] - {package})
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT, ",".join(sorted(refused)), *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_the_check_sees_every_kind_of_import() -> None:
    source = "import torch.nn\ndef later():\n    from server.app import a\n    from . import wav\n"
    assert set(imported_names(source, "runtime")) == {"torch", "server", "runtime"}
    inside = "import server.app\ndef later():\n    from server import http\n"
    assert list(server_imports(inside)) == ["app", "http"]
