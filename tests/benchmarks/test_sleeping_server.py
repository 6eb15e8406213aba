from pathlib import Path

import numpy as np
import pytest

from benchmarks.sleeping_server import put_to_sleep
from runtime import VoiceCloner
from runtime.sessions import Graph


def test_only_the_first_inputs_of_a_shape_are_computed(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Graph, "run_all", Graph.run_all)  # takes it back afterwards
    cloner = VoiceCloner.load(model_folder, provider="cpu", threads=1)
    tone = cloner.tone(np.full(22050, 0.1, np.float32), allow_silent=True)
    generator = np.random.default_rng(0)
    first, second = (0.1 * generator.standard_normal((2, 22050))).astype(np.float32)
    awake = cloner.convert(first, tone, tone, seed=0)
    assert np.abs(cloner.convert(second, tone, tone, seed=0) - awake).max() > 1e-3
    put_to_sleep()
    asleep = [cloner.convert(speech, tone, tone, seed=0) for speech in (first, second)]
    np.testing.assert_array_equal(asleep[1], asleep[0])
    np.testing.assert_array_equal(asleep[0], awake)
