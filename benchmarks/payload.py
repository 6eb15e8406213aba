"""Bodies of requests that clone shipped speech."""

from __future__ import annotations

from benchmarks import clips
from benchmarks.exchange import clone_body
from benchmarks.model import Model


def request_body(model: Model, seconds: float) -> bytes:
    """Write a request whose source is a WAV file of some length, the target a shipped clip.

    Args:
        model: decodes the clips.
        seconds: of the source.
    """
    rate_hz = model.cloner.sample_rate_hz
    clip = clips.of_length(model.cloner, seconds, first=1)
    return clone_body(clips.wav_file(clip, rate_hz, rate_hz), target=clips.target_bytes())
