"""Parallel speech: one sentence at the same moments in several voices, made with Kokoro."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from training.kokoro import SAMPLE_RATE_HZ, TIMBRE, Kokoro
from training.phonemes import phonemes_of, sentences_in
from training.recordings import PARALLEL

SHORTEST, LONGEST = {"cmn": 24, "": 90}, {"cmn": 60, "": 200}
"""Characters of a text: 7 to 14 s of speech, so that a clip holds a crop and a reference."""
VOICE_INITIALS = {
    "en-us": "a",
    "en-gb": "b",
    "es": "e",
    "fr-fr": "f",
    "hi": "h",
    "it": "i",
    "pt-br": "p",
    "cmn": "z",
}
"""The first letter of the names of a language's voices; the second is f or m."""
MIXED_SHARE, MIX = 0.65, (0.3, 0.7)
"""How many voices are a mix of two of one sex, and the share of the first in it."""
LEVEL_NEPERS = 0.1
"""Standard deviation of a voice's pitch about that of what it is mixed of."""
SPEAKERS = 160
"""Voices of one run, each heard in several sentences."""
MEMBERS = 3
"""Voices that say one sentence."""
PROBE = "hˈWz ðə wˈɛðəɹ tədˈA, ænd wˌɪl ɪt ɹˈAn əɡˈɛn bəfˌɔɹ ðə ˈivnɪŋ kˈʌmz"


@dataclass(frozen=True)
class Speaker:
    """A voice that was made up.

    Attributes:
        first: Kokoro's voice.
        second: Another that is mixed in; the same for none.
        share: Share of the first.
        level_hz: Median F0.
    """

    first: str
    second: str
    share: float
    level_hz: float

    def timbre(self, kokoro: Kokoro, tokens: list[int]) -> NDArray[np.float32]:
        """Mix the timbre for a text, [128]."""
        first, second = (kokoro.style(name, tokens)[:TIMBRE] for name in (self.first, self.second))
        mixed: NDArray[np.float32] = self.share * first + (1 - self.share) * second
        return mixed


def levels_hz(kokoro: Kokoro) -> dict[str, float]:
    """Give the median F0 of each of Kokoro's voices."""
    tokens = kokoro.tokens(PROBE)
    return {name: kokoro.say(tokens, kokoro.style(name, tokens))[1] for name in kokoro.styles}


def speakers(
    level_hz: Mapping[str, float], random: np.random.Generator, count: int
) -> list[Speaker]:
    """Make up voices: every one of Kokoro's, then also mixes of two of the same sex.

    Args:
        level_hz: Median F0 of Kokoro's voices by name.
        random: Generator of every choice.
        count: Number of voices.

    Returns:
        The voices.
    """
    names, made = sorted(level_hz), list[Speaker]()
    for index in range(count):
        first = second = names[index % len(names)]
        if index >= len(names) and random.random() < MIXED_SHARE:
            others = [name for name in names if name[1] == first[1] and name != first]
            second = others[int(random.integers(len(others)))]
        share = float(random.uniform(*MIX))
        level = share * np.log(level_hz[first]) + (1 - share) * np.log(level_hz[second])
        level += random.normal(0.0, LEVEL_NEPERS)
        made.append(Speaker(first, second, share, float(np.exp(level))))
    return made


def sentences_of(path: Path, language: str) -> list[str]:
    """Read the sentences of a text, or a folder of texts, that are as long as a clip should be.

    Raises:
        ValueError: There are none.
    """
    shortest, longest = (sizes.get(language, sizes[""]) for sizes in (SHORTEST, LONGEST))
    found = sentences_in(path, shortest, longest)
    if not found:
        raise ValueError(f"{path} holds no sentence of {shortest} to {longest} characters")
    return found


def synthesise(
    folder: Path, texts: Mapping[str, Path], output: Path, minutes: float, seed: int
) -> None:
    """Make groups of clips until there are minutes enough.

    A group's clips are `seed-number+member.flac`, at 24 kHz and aligned to the sample.

    Args:
        folder: Kokoro's files, see `Kokoro`.
        texts: A text or a folder of texts by language, one of `VOICE_INITIALS`.
        output: Folder of the clips.
        minutes: Speech to make, all members together.
        seed: Seed of every choice, and the beginning of the clips' names.

    Raises:
        ValueError: A text holds no sentence of a useful length.
    """
    sentences = {language: sentences_of(path, language) for language, path in texts.items()}
    output.mkdir(parents=True, exist_ok=True)
    kokoro, random = Kokoro(folder), np.random.default_rng(seed)
    level_hz = levels_hz(kokoro)
    cast = speakers(level_hz, np.random.default_rng(0), SPEAKERS)
    # A language is drawn as often as it has voices.
    prosodies = [
        (language, name)
        for language in texts
        for name in level_hz
        if name[0] == VOICE_INITIALS[language]
    ]
    made_seconds, number = 0.0, 0
    bar = tqdm(total=round(minutes * 60), unit="s")
    while made_seconds < minutes * 60:
        language, native = prosodies[int(random.integers(len(prosodies)))]
        text = sentences[language][int(random.integers(len(sentences[language])))]
        tokens = kokoro.tokens(phonemes_of(text, language))
        prosody = kokoro.style(native, tokens)[TIMBRE:]
        for member, index in enumerate(random.choice(len(cast), MEMBERS, replace=False)):
            speaker = cast[index]
            style = np.concatenate([speaker.timbre(kokoro, tokens), prosody])
            waveform, _ = kokoro.say(tokens, style, speaker.level_hz / level_hz[native])
            path = output / f"{seed}-{number:05d}{PARALLEL}{member}.flac"
            soundfile.write(path, np.clip(waveform, -1, 1), SAMPLE_RATE_HZ)
            made_seconds += len(waveform) / SAMPLE_RATE_HZ
            bar.update(round(len(waveform) / SAMPLE_RATE_HZ))
        number += 1
