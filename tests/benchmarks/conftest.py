"""A tiny model, and a server of it, for benchmarks that are run to see that they work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.server import Server


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnx")
    from tests.bundles import make_bundle

    return make_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the official size, a small one, is exported to once."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def options(tiny: Path, work: Path, tmp_path: Path) -> Options:
    return Options(models=(tiny,), threads=1, quick=True, work=work, output=tmp_path)


@pytest.fixture
def model(options: Options) -> Model:
    return open_model(options.model, options)


@pytest.fixture(scope="session")
def server(tiny: Path) -> Iterator[Server]:
    with Server(model=tiny, provider="cpu", threads=1) as running:
        yield running
