from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import bundle
from export.eager import eager_cloner
from export.speaker import compare_speakers, cosine
from runtime import VoiceCloner
from tests.export.toys import FACTS, toys


@pytest.fixture(scope="module")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy"
    bundle.write_bundle(*toys(), FACTS, folder, announce=lambda line: None)
    return folder


def eager(encoder: torch.nn.Module, converter: torch.nn.Module) -> VoiceCloner:
    """A reference of these networks."""
    return eager_cloner(FACTS.manifest(20, 2, 1), encoder, converter)


def test_the_bundle_of_these_networks_passes(toy_bundle: Path) -> None:
    checks = list(compare_speakers(toy_bundle, eager(*toys())))
    assert [check.passed for check in checks] == [True] * 4
    assert checks[-1].subject.startswith("similarity of converted speech to the target")


def test_another_tone_encoder_is_noticed(toy_bundle: Path) -> None:
    torch.manual_seed(1)
    encoder = type(toys()[0])().eval()
    passed = [check.passed for check in compare_speakers(toy_bundle, eager(encoder, toys()[1]))]
    assert passed[:2] == [False, False]


def test_another_converter_is_noticed(toy_bundle: Path) -> None:
    torch.manual_seed(1)
    converter = type(toys()[1])().eval()
    passed = [check.passed for check in compare_speakers(toy_bundle, eager(toys()[0], converter))]
    assert passed[:3] == [True, True, False]


def test_the_cosine_is_of_directions() -> None:
    first = np.array([1, 0], np.float32)
    assert cosine(first, 3 * first) == pytest.approx(1.0)
    assert cosine(first, np.array([0, 2], np.float32)) == pytest.approx(0.0)
