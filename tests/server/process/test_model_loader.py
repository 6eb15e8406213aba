from __future__ import annotations

import threading
from pathlib import Path

import pytest

from runtime.errors import InvalidBundle
from server.process.model_loader import ModelLoader
from server.settings import Settings
from tests.server.fakes import FakeEngine


def test_the_model_of_the_settings_is_loaded(tiny_bundle: Path) -> None:
    loader = ModelLoader.from_settings(Settings(model=tiny_bundle, provider="cpu"))
    engine = loader.prepare(lambda engine: engine).result(60)
    assert engine.manifest.name == "tiny"
    assert engine.providers[0] == "CPUExecutionProvider"


def test_an_error_of_loading_is_raised_by_the_preparation(tmp_path: Path) -> None:
    loader = ModelLoader.from_settings(Settings(model=tmp_path / "nothing"))
    prepared = loader.prepare(lambda engine: engine)
    with pytest.raises(InvalidBundle, match="nothing"):
        prepared.result(60)


def test_loading_and_preparing_share_one_thread_that_ends() -> None:
    threads: list[threading.Thread] = []

    def load() -> FakeEngine:
        threads.append(threading.current_thread())
        return FakeEngine()

    loader = ModelLoader(load)
    loader.prepare(lambda engine: threads.append(threading.current_thread())).result(60)
    assert len(set(threads)) == 1
    threads[0].join(10)
    assert not threads[0].is_alive()
