from pathlib import Path

import pytest

from runtime import VoiceCloner
from tests.bundles import make_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def cloner(bundle: Path) -> VoiceCloner:
    return VoiceCloner.load(bundle, provider="cpu", threads=1)
