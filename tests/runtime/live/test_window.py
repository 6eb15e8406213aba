from dataclasses import replace

import pytest

from runtime import VoiceCloner
from runtime.live.window import Latency, LiveWindow
from runtime.silence import CONTEXT_HOPS

LOOK_BACK = {"exact": 40, "1e-4": 25, "1e-3": 22, "1e-2": 20}
LOOK_AHEAD = {"exact": 30, "1e-4": 12, "1e-3": 9, "1e-2": 8}


def test_presets_come_from_what_was_measured(cloner: VoiceCloner) -> None:
    manifest = replace(cloner.manifest, look_back_frames=LOOK_BACK, look_ahead_frames=LOOK_AHEAD)
    assert LiveWindow.of(manifest, "low") == LiveWindow(20, 7, 8)
    assert LiveWindow.of(manifest, "balanced") == LiveWindow(22, 16, 9)
    assert LiveWindow.of(manifest, "exact", 99) == LiveWindow(40, 99, 30)
    assert LiveWindow.of(manifest, "low").frames == 35


@pytest.mark.parametrize("latency", ["low", "balanced", "exact"])
def test_a_model_that_was_not_measured_gets_all_of_its_context(
    cloner: VoiceCloner, latency: Latency
) -> None:
    window = LiveWindow.of(replace(cloner.manifest, context_frames=33), latency)
    assert (window.look_back_frames, window.look_ahead_frames) == (33, 33)


def test_silence_needs_to_look_ahead_too(cloner: VoiceCloner) -> None:
    manifest = replace(
        cloner.manifest,
        look_back_frames=LOOK_BACK,
        look_ahead_frames={**LOOK_AHEAD, "1e-2": 2},
    )
    assert LiveWindow.of(manifest, "low").look_ahead_frames == CONTEXT_HOPS
