import numpy as np
import pytest

from runtime import VoiceCloner
from runtime.planner import WindowPlanner
from runtime.sessions import Graph
from tests.audio import voice
from tests.runtime.graphs import RecordingGraph


def test_warm_up_runs_both_graphs(cloner: VoiceCloner, encoder: Graph, converter: Graph) -> None:
    embedding, converting = RecordingGraph(encoder), RecordingGraph(converter)
    VoiceCloner(cloner.manifest, embedding, converting).warm_up()  # type: ignore[arg-type]
    assert len(embedding.shapes) == 1
    assert embedding.frames[0] >= cloner.manifest.minimum_reference_frames
    assert len(converting.shapes) == 1


def test_on_cuda_every_length_in_use_was_warmed_up(
    cloner: VoiceCloner, encoder: Graph, converter: Graph
) -> None:
    recording = RecordingGraph(converter, on_cuda=True)
    fixed = VoiceCloner(cloner.manifest, encoder, recording)  # type: ignore[arg-type]
    fixed.warm_up()
    warmed = set(recording.shapes)
    recording.shapes.clear()
    tone = cloner.tone(voice(1.0))
    for seconds in (0.5, 0.7, 1.0, 2.5, 9.9, 30.0):
        speech = voice(seconds)
        expected = cloner.convert(speech, tone, tone, seed=1)
        found = fixed.convert(speech, tone, tone, seed=1)
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert set(recording.shapes) <= warmed
    assert any(batch > 1 for batch, _ in recording.shapes)


@pytest.mark.parametrize("on_cuda", [True, False])
@pytest.mark.parametrize("window", [None, 1, 60, 5000])
def test_every_frame_is_planned_once(
    cloner: VoiceCloner, on_cuda: bool, window: int | None
) -> None:
    planner = WindowPlanner(cloner.manifest, on_cuda=on_cuda)
    for frames in (2, 39, 60, 199, 862, 3001):
        groups = planner.plan(frames, window)
        kept = [n for group in groups for one in group for n in range(one.start, one.stop)]
        assert kept == list(range(frames))


def test_on_a_cpu_the_models_advice_is_followed(cloner: VoiceCloner) -> None:
    planner = WindowPlanner(cloner.manifest, on_cuda=False)
    groups = planner.plan(1000)
    assert [window.frames for (window,) in groups] == [200, 200, 200, 200, 200]
