"""The pairs of speakers that every evaluation converts, always the same."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.degrade import made_hard
from training.speech import SAMPLE_RATE_HZ, Clip, clips_in, split

SEED, CHOICE_SEED = 20, 21
PAIRS_A_SET = 24
SPEECH_SECONDS = 7.5
SHORTEST_SECONDS = 3.0

ENGLISH = re.compile(r"en_|p\d")
"""How names of English clips begin: with the language, or with a number of VCTK's speakers."""

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class Speaker:
    """One clip in two halves: one to convert with, one that only the judges hear.

    Attributes:
        name: Name of the clip.
        given: [samples] at 22050 Hz.
        unheard: [samples] at 22050 Hz.
        english: Whether an English recogniser is asked about it.
    """

    name: str
    given: Waveform
    unheard: Waveform
    english: bool = True


@dataclass(frozen=True)
class Pair:
    """Speaker whose speech is converted, and speaker whose voice it is given."""

    source: Speaker
    target: Speaker


def halves(clip: Clip, english: bool = True) -> Speaker | None:
    """Cut a clip in two.

    Args:
        clip: A file.
        english: Whether it is in English.

    Returns:
        The halves, 7.5 s at most; None where they are shorter than 3 s.
    """
    waveform = clip.read()
    half = len(waveform) // 2
    if half < SHORTEST_SECONDS * SAMPLE_RATE_HZ:
        return None
    longest = round(SPEECH_SECONDS * SAMPLE_RATE_HZ)
    return Speaker(clip.path.stem, waveform[:half][:longest], waveform[half:][:longest], english)


def pairs_of(speakers: Sequence[Speaker], count: int = PAIRS_A_SET) -> list[Pair]:
    """Draw pairs with a fixed seed, every source and every target used about equally often.

    Args:
        speakers: Two speakers or more.
        count: Number of pairs.

    Returns:
        The pairs; fewer where fewer are possible.
    """
    random = np.random.default_rng(SEED)
    order = random.permutation(len(speakers))
    shifts = 1 + random.permutation(len(speakers) - 1)
    pairs = [
        Pair(speakers[source], speakers[order[(place + shift) % len(order)]])
        for shift in shifts
        for place, source in enumerate(order)
    ]
    return pairs[:count]


def clean_pairs(folder: Path) -> list[Pair]:
    """Pair clips of speakers that no training has met."""
    return pairs_of(_speakers(split(folder)[1]))


def choice_pairs(folder: Path) -> list[Pair]:
    """Pair the same speakers to choose by: other halves, and sources and targets exchanged."""
    return _changed(
        [Pair(pair.target, pair.source) for pair in clean_pairs(folder)],
        lambda speaker, _: replace(speaker, given=speaker.unheard, unheard=speaker.given),
    )


def hard_choice_pairs(folder: Path) -> list[Pair]:
    """Make `choice_pairs` hard, otherwise than `hard_pairs`."""
    return _changed(
        choice_pairs(folder),
        lambda speaker, index: replace(speaker, given=made_hard(speaker.given, index, CHOICE_SEED)),
    )


def trained_pairs(folder: Path) -> list[Pair]:
    """Pair clips that were trained on: a model that cannot convert these has the wrong design."""
    trained = split(folder)[0]
    return pairs_of(_speakers(trained[:: max(1, len(trained) // PAIRS_A_SET)]))


def hard_pairs(folder: Path) -> list[Pair]:
    """Pair the same clips as `clean_pairs`, what is given made hard and what judges hear not."""
    speakers = [
        Speaker(speaker.name, made_hard(speaker.given, index, SEED), speaker.unheard)
        for index, speaker in enumerate(_speakers(split(folder)[1]))
    ]
    return pairs_of(speakers)


def wide_pairs(folder: Path) -> list[Pair]:
    """Pair wide-band clips of many languages; see `ENGLISH`."""
    clips = [
        clip for inner in sorted(folder.iterdir()) if inner.is_dir() for clip in clips_in(inner)
    ]
    speakers = [halves(clip, ENGLISH.match(clip.path.stem) is not None) for clip in clips]
    return pairs_of([speaker for speaker in speakers if speaker is not None])


def _changed(pairs: Sequence[Pair], change: Callable[[Speaker, int], Speaker]) -> list[Pair]:
    """Change every speaker of the pairs once, by what is told of him and his number."""
    speakers = {id(s): s for pair in pairs for s in (pair.source, pair.target)}
    changed = {key: change(speaker, index) for index, (key, speaker) in enumerate(speakers.items())}
    return [Pair(changed[id(pair.source)], changed[id(pair.target)]) for pair in pairs]


def _speakers(clips: Sequence[Clip]) -> list[Speaker]:
    """Cut English clips in two, leaving out those that are too short."""
    return [speaker for speaker in map(halves, clips) if speaker is not None]
