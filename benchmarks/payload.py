"""Bodies of requests that clone shipped clips."""

from __future__ import annotations

from benchmarks import clips
from benchmarks.exchange import clone_body
from benchmarks.model import Model


def request_body(model: Model, seconds: float) -> bytes:
    """Write a clone request: a WAV file of a given length, and a shipped clip as the target.

    Args:
        model: Model that decodes the clips.
        seconds: Length of the source.

    Returns:
        The body.
    """
    rate_hz = model.cloner.sample_rate_hz
    clip = clips.of_length(model.cloner, seconds, first=1)
    return clone_body(clips.wav_file(clip, rate_hz, rate_hz), target=clips.target_bytes())
