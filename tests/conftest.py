"""Fixtures for all tests, and skipping of marked tests that cannot run on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import find_programs, serve
from tests.server_process import ServerProcess

ROOT = Path(__file__).parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, or a stand-in with random weights where there is none."""
    shipped = ROOT / "onnx_models" / "compact"
    if (shipped / "manifest.json").exists():
        return shipped
    pytest.importorskip("onnx", reason="no model is there, and no onnx to make a stand-in")
    from tests.bundles import make_bundle

    return make_bundle(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def live_server(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server in a process of its own, which checks its answers."""
    voices = str(tmp_path_factory.mktemp("voices") / "voices.db")
    # On a machine that is busy with other tests no live session would be admitted.
    options = ("--model", str(model_folder), "--live-load", "100", "--voices", voices)
    with ServerProcess(*options, module="tests.checked_server") as server:
        yield server.wait_until_ready()
        server.process.terminate()
        assert server.end() == 0, server.lines[-1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database, for this test run alone."""
    pytest.importorskip("psycopg", reason="psycopg, of the extra postgres, is not installed")
    if find_programs() is None:
        pytest.skip("no PostgreSQL server is installed")
    with serve() as address:
        yield address


@pytest.fixture
def postgres_schema(postgres: str) -> str:
    """The address of an empty schema of a PostgreSQL database, which is soon made."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{postgres}?options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgres"])
def voices_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address to keep voices at, of each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "voices.db")
    address: str = request.getfixturevalue("postgres_schema")
    return address


def _missing_for(marker: str) -> str | None:
    """Say what a marker's tests lack on this machine, or None."""
    if marker == "torch":
        lacking = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
        return f"{' and '.join(lacking)} not installed" if lacking else None
    if marker == "browser":
        if importlib.util.find_spec("playwright") is None:
            return "playwright not installed"
        if not any(shutil.which(name) for name in CHROMIUM_NAMES):
            return "no Chromium on the PATH"
        return None
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime not installed"
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "onnxruntime has no CUDA provider here"
    return None if shutil.which("nvidia-smi") else "no NVIDIA GPU here"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for marker in ("torch", "browser", "gpu"):
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and (reason := _missing_for(marker)):
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
