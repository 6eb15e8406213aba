from typing import Any

import numpy as np
import pytest

from runtime import VoiceCloner
from runtime.planner import WindowPlanner
from tests.audio import voice


class _Recorder:
    """A graph that takes down the input lengths that it is run with."""

    def __init__(self, graph: Any, on_cuda: bool) -> None:
        self.interface = graph.interface
        self.providers = graph.providers
        self.on_cuda = on_cuda
        self.shapes: list[tuple[int, int]] = []
        self._graph = graph

    def run(self, **inputs: Any) -> Any:
        batch, _, frames = inputs["spectrogram"].shape
        self.shapes.append((batch, frames))
        return self._graph.run(**inputs)


def test_warm_up_runs_both_graphs(cloner: VoiceCloner) -> None:
    encoder, converter = (_Recorder(g, False) for g in (cloner._encoder, cloner._converter))
    VoiceCloner(cloner.manifest, encoder, converter).warm_up()  # type: ignore[arg-type]
    assert len(encoder.shapes) == 1
    assert encoder.shapes[0][1] >= cloner.manifest.minimum_reference_frames
    assert len(converter.shapes) == 1


def test_on_cuda_every_length_in_use_was_warmed_up(cloner: VoiceCloner) -> None:
    recorder = _Recorder(cloner._converter, True)
    fixed = VoiceCloner(cloner.manifest, cloner._encoder, recorder)  # type: ignore[arg-type]
    fixed.warm_up()
    warmed = set(recorder.shapes)
    recorder.shapes.clear()
    tone = cloner.tone(voice(1.0))
    for seconds in (0.5, 0.7, 1.0, 2.5, 9.9, 30.0):
        speech = voice(seconds)
        expected = cloner.convert(speech, tone, tone, seed=1)
        for first in (None, 20, 60):
            conversion = fixed.conversion(speech, tone, tone, seed=1, first_window_frames=first)
            found = np.concatenate(list(conversion))
            assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert set(recorder.shapes) <= warmed
    assert any(batch > 1 for batch, _ in recorder.shapes)


@pytest.mark.parametrize("on_cuda", [True, False])
@pytest.mark.parametrize("first", [None, 1, 30, 5000])
@pytest.mark.parametrize("window", [None, 1, 60, 5000])
def test_every_frame_is_planned_once(
    cloner: VoiceCloner, on_cuda: bool, first: int | None, window: int | None
) -> None:
    planner = WindowPlanner(cloner.manifest, on_cuda=on_cuda)
    for frames in (2, 39, 60, 199, 862, 3001):
        groups = planner.plan(frames, window, first)
        kept = [n for group in groups for one in group for n in range(one.start, one.stop)]
        assert kept == list(range(frames))


def test_on_a_cpu_the_models_advice_is_followed(cloner: VoiceCloner) -> None:
    planner = WindowPlanner(cloner.manifest, on_cuda=False)
    groups = planner.plan(1000, None, 40)
    assert [window.frames for (window,) in groups] == [40, 200, 200, 200, 200, 160]


def test_on_a_gpu_a_short_first_window_takes_a_short_bucket(cloner: VoiceCloner) -> None:
    planner = WindowPlanner(cloner.manifest, on_cuda=True)
    lengths = {frames for _, frames in planner.warm_up_shapes()}
    for first in (20, 40, 100):
        groups = planner.plan(3000, None, first)
        assert len(groups[0]) == 1
        assert first <= groups[0][0].frames < 1.6 * first + 20
        assert groups[0][0].outer_frames in lengths
