from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.interface import GraphInterface, Inputs
from runtime.receptive_field import receptive_fields
from runtime.sessions import Graph

HOP = 4
BEFORE, AFTER = 3, 5


class Decaying(Graph):
    """Sums its frames: 3 before with weights of a half each, 5 after with a fiftieth each."""

    def __init__(self) -> None:
        self.interface = GraphInterface("tone_converter.onnx", {}, "audio", (None, 1, None))

    def run_all(self, **inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        frames = (inputs["spectrogram"].sum(1) + inputs["noise"].sum(1)).clip(-9, 9)[0]
        weights = [0.5**k for k in range(BEFORE, -1, -1)] + [0.02**k for k in range(1, AFTER + 1)]
        padded = np.pad(frames, (BEFORE, AFTER))
        mixed = np.correlate(padded, np.array(weights), "valid").astype(np.float32)
        return {"audio": mixed.repeat(HOP)[np.newaxis, np.newaxis]}


def _clip(noise: Sequence[float]) -> Inputs:
    tone = np.zeros((1, 2, 1), np.float32)
    return {
        "spectrogram": np.zeros((1, 3, len(noise)), np.float32),
        "source_tone": tone,
        "target_tone": tone,
        "noise": np.array(noise, np.float32).reshape(1, 1, -1),
    }


def test_a_tolerance_shortens_the_side_that_fades() -> None:
    clips = [_clip([1.0] * frames) for frames in (80, 131)]
    before, after = receptive_fields(Decaying(), clips, (BEFORE, AFTER), HOP)
    assert before == {"exact": 3, "1e-4": 3, "1e-3": 3, "1e-2": 3}
    # a frame that misses k or more of those after it lacks 0.02^k and what follows, over 1.9
    assert after == {"exact": 5, "1e-4": 2, "1e-3": 1, "1e-2": 1}


def test_the_worst_clip_counts() -> None:
    loud = _clip(np.random.default_rng(0).normal(size=90).tolist())
    silent = _clip([1.0] + [0.0] * 89)
    before, _ = receptive_fields(Decaying(), [silent], (BEFORE, AFTER), HOP)
    assert before["1e-3"] == 0
    before, _ = receptive_fields(Decaying(), [silent, loud], (BEFORE, AFTER), HOP)
    assert before["1e-3"] == 3


def test_only_the_places_asked_for_are_cut() -> None:
    clip = _clip([1.0] * 40 + [0.0] * 60)
    exact = (BEFORE, AFTER)
    assert receptive_fields(Decaying(), [clip], exact, HOP, [0.8])[0]["1e-4"] == 0
    assert receptive_fields(Decaying(), [clip], exact, HOP, [0.8, 0.2])[0]["1e-4"] == 3
