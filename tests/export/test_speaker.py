from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export import bundle
from export.speaker import compare_speakers
from tests.export.toys import FACTS, toys


@pytest.fixture(scope="module")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy"
    bundle.write_bundle(*toys(), FACTS, folder, announce=lambda line: None)
    return folder


def test_the_bundle_of_these_networks_passes(toy_bundle: Path) -> None:
    checks = list(compare_speakers(*toys(), toy_bundle))
    assert [check.passed for check in checks] == [True] * 4
    assert checks[-1].subject.startswith("likeness of converted speech to the target")


def test_another_tone_encoder_is_noticed(toy_bundle: Path) -> None:
    torch.manual_seed(1)
    encoder = type(toys()[0])().eval()
    passed = [check.passed for check in compare_speakers(encoder, toys()[1], toy_bundle)]
    assert passed[:2] == [False, False]


def test_another_converter_is_noticed(toy_bundle: Path) -> None:
    torch.manual_seed(1)
    converter = type(toys()[1])().eval()
    passed = [check.passed for check in compare_speakers(toys()[0], converter, toy_bundle)]
    assert passed[:3] == [True, True, False]
