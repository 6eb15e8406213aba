import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.eager import EagerGraph, eager_cloner
from tests.export.toys import ENCODER_INTERFACE, FACTS, toys


def test_a_module_runs_in_a_graphs_place() -> None:
    spectrogram = np.random.default_rng(0).uniform(0.1, 1, (2, 513, 9)).astype(np.float32)
    spectrogram.setflags(write=False)
    tone = EagerGraph(toys()[0], ENCODER_INTERFACE).run(spectrogram=spectrogram)
    with torch.inference_mode():
        wanted = toys()[0](torch.tensor(spectrogram)).numpy()
    assert np.array_equal(tone, wanted)


def test_the_runtime_converts_with_pytorch() -> None:
    cloner = eager_cloner(FACTS.manifest(20, 2, 1), *toys())
    waveform = np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32)
    tone = cloner.tone(waveform)
    assert cloner.providers == ("PyTorch",)
    assert cloner.convert(waveform, tone, tone, seed=0).shape == waveform.shape
