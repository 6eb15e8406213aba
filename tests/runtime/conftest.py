from pathlib import Path

import pytest

from runtime import VoiceCloner
from runtime.bundle import Bundle
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.sessions import Graph, SessionSettings, open_graph
from tests.bundles import make_bundle

SETTINGS = SessionSettings(provider="cpu", threads=1)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def cloner(bundle: Path) -> VoiceCloner:
    return VoiceCloner.load(bundle, provider="cpu", threads=1)


@pytest.fixture(scope="session")
def encoder(bundle: Path) -> Graph:
    model = Bundle.read(bundle)
    return open_graph(model.tone_encoder, tone_encoder_interface(model.manifest), SETTINGS)


@pytest.fixture(scope="session")
def converter(bundle: Path) -> Graph:
    model = Bundle.read(bundle)
    return open_graph(model.tone_converter, tone_converter_interface(model.manifest), SETTINGS)
