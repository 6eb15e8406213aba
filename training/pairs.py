"""The held-out pairs that every evaluation uses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.pitch import pitch_hz
from training.speech import SAMPLE_RATE_HZ, split

LOW_VOICE_HZ = 165.0
"""Median pitch below which a voice counts as a man's: the corpus's own labels are not with it."""
PAIRS_A_KIND = 26
SPEECH_SECONDS = 7.5


@dataclass(frozen=True)
class Speaker:
    """One held-out clip in two halves: one to convert with, one to judge against."""

    name: str
    given: NDArray[np.float32]
    unheard: NDArray[np.float32]
    low_voice: bool


@dataclass(frozen=True)
class Pair:
    """Whose speech is converted into whose voice."""

    source: Speaker
    target: Speaker

    @property
    def kind(self) -> str:
        """Such as `low-high`."""
        return "-".join("low" if s.low_voice else "high" for s in (self.source, self.target))


def held_out_speakers(folder: Path) -> list[Speaker]:
    """Args:
        folder: the speech.

    Returns:
        The held-out speakers whose clip has two halves of 4 s or more.
    """
    speakers = []
    for clip in split(folder)[1]:
        waveform = clip.read()
        half = len(waveform) // 2
        if half < 4 * SAMPLE_RATE_HZ:
            continue
        longest = round(SPEECH_SECONDS * SAMPLE_RATE_HZ)
        pitch = pitch_hz(waveform)
        low = bool(np.median(pitch[pitch > 0]) < LOW_VOICE_HZ)
        given, unheard = waveform[:half][:longest], waveform[half:][:longest]
        speakers.append(Speaker(clip.speaker, given, unheard, low))
    return speakers


def held_out_pairs(speakers: list[Speaker]) -> list[Pair]:
    """Args:
        speakers: held-out speakers.

    Returns:
        As many pairs of each of the four kinds, drawn with a fixed seed, every source used about
        equally often.
    """
    random = np.random.default_rng(20)
    voices = {low: [s for s in speakers if s.low_voice == low] for low in (True, False)}
    pairs = []
    for source_low in (True, False):
        for target_low in (True, False):
            possible = [
                Pair(source, target)
                for shift in random.permutation(len(voices[target_low]))
                for position, source in enumerate(voices[source_low])
                for target in [voices[target_low][(position + shift) % len(voices[target_low])]]
                if source is not target
            ]
            pairs += possible[:PAIRS_A_KIND]
    return pairs
