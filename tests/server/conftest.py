from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from runtime import DEFAULT_MODEL, VoiceCloner
from server.app import ServerParts, create_app
from server.inference.engine import Engine
from server.process.model_loader import ModelLoader
from server.settings import Marking, Settings
from tests.server.answer_check import AnswerCheck
from tests.server.fakes import FakeEngine
from tests.server.live import wait_until

MakeClient = Callable[..., TestClient]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def make_client(engine: FakeEngine) -> Iterator[MakeClient]:
    """Give a function that makes a client of a ready server, whose JSON answers are validated."""
    checks: list[AnswerCheck] = []
    with ExitStack() as stack:

        def make(
            settings: Settings | None = None, engine: Engine = engine, marking: Marking = "none"
        ) -> TestClient:
            loader = ModelLoader(lambda: engine)
            # most tests compare results with what the engine gives
            settings = dataclasses.replace(settings or Settings(), marking=marking)
            parts = ServerParts.create(settings, loader)
            check = AnswerCheck(create_app(parts))
            checks.append(check)
            client = stack.enter_context(TestClient(check))
            wait_until(lambda: parts.lifecycle.ready)
            return client

        yield make
    assert [violation for check in checks for violation in check.violations] == []


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle of small random graphs in the real interface."""
    pytest.importorskip("onnx", reason="the tiny bundle is written with onnx")
    from tests.bundles import make_bundle

    return make_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def real_engine(tiny_bundle: Path) -> VoiceCloner:
    """Give the real engine on the tiny bundle."""
    return VoiceCloner.load(tiny_bundle, provider="cpu", threads=1)


@pytest.fixture(scope="session")
def default_model() -> Path:
    """Give the model that is shipped."""
    if not (DEFAULT_MODEL / "manifest.json").exists():
        pytest.skip("the default model is not there")
    return DEFAULT_MODEL
