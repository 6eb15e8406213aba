from __future__ import annotations

from pathlib import Path

import pytest

from runtime.errors import InvalidBundle
from server.loading import begin_loading
from server.settings import Settings


def test_the_model_that_the_settings_name_is_loaded(tiny_bundle: Path) -> None:
    engine = begin_loading(Settings(model=tiny_bundle, provider="cpu")).result(60)
    assert engine.manifest.name == "tiny"
    assert engine.providers[0] == "CPUExecutionProvider"


def test_what_is_wrong_with_it_waits_until_it_is_asked_for(tmp_path: Path) -> None:
    loading = begin_loading(Settings(model=tmp_path / "nothing"))
    with pytest.raises(InvalidBundle, match="nothing"):
        loading.result(60)
