"""One fixed examination of a model by judges that have taught nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from runtime import VoiceCloner
from training.judges import (
    QualityJudge,
    Recogniser,
    SpeakerJudge,
    log_spectral_distances,
    pitch_figures,
    round_trip,
    word_error_rate,
)
from training.sets import Pair, Speaker

TAUS = (0.0, 0.2, 0.3, 0.5, 0.6, 0.8, 1.0)
TEMPERATURE, SEED = 0.3, 1
JUDGES = {"speaker": "pyannote/embedding", "words": "whisper tiny.en", "quality": "DNSMOS P.835"}

Waveform = NDArray[np.float32]


@dataclass
class Tally:
    """Figures of one kind of speech, a value a clip."""

    values: dict[str, list[float]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def add(self, **figures: float) -> None:
        """Note one clip's figures by name."""
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def add_words(self, said: str, heard: str) -> None:
        """Note the transcripts of a clip before and after."""
        self.said.append(said)
        self.heard.append(heard)

    def means(self) -> dict[str, float]:
        """Average each figure, NaN left out, and count word errors, to four places."""
        known = {name: [v for v in values if v == v] for name, values in self.values.items()}
        means = {name: float(np.mean(values)) for name, values in known.items() if values}
        if any(self.said):
            means["word_error_rate"] = word_error_rate(self.said, self.heard)
        return {name: round(mean, 4) for name, mean in means.items()}


class Voices:
    """A model with the tones of the speakers that it has met.

    Args:
        cloner: The model.
    """

    def __init__(self, cloner: VoiceCloner) -> None:
        self.cloner = cloner
        self.tones: dict[int, NDArray[np.float32]] = {}

    def tone(self, speaker: Speaker) -> NDArray[np.float32]:
        """Return the tone of what is given of a speaker."""
        key = id(speaker)
        if key not in self.tones:
            self.tones[key] = self.cloner.tone(speaker.given)
        return self.tones[key]

    def convert(self, source: Speaker, target: Speaker, tau: float) -> Waveform:
        """Convert what is given of a speaker, [samples] at 22050 Hz."""
        tones = self.tone(source), self.tone(target)
        return self.cloner.convert(
            source.given, *tones, tau=tau, temperature=TEMPERATURE, seed=SEED
        )


@dataclass(frozen=True)
class Panel:
    """The judges of an examination.

    Attributes:
        speaker: Tells how alike two voices are.
        words: Tells what was said.
        quality: Tells how good speech sounds.
    """

    speaker: SpeakerJudge
    words: Recogniser
    quality: QualityJudge

    def similarity(self, one: Waveform, other: Waveform) -> float:
        """Give the cosine of two clips' embeddings."""
        return float(self.speaker.embed(one) @ self.speaker.embed(other))


def examine(voices: Voices, pairs: Sequence[Pair], panel: Panel) -> dict[str, dict[str, float]]:
    """Convert every pair at tau 1 and every source at tau 0.

    Args:
        voices: The model.
        pairs: Who is converted into whom.
        panel: The judges.

    Returns:
        Mean figures of `source` (untouched; its word error rate is that of a resampling round
        trip), `target` (its own speech), `tau_0` and `tau_1`.
    """
    speakers = {id(s): s for pair in pairs for s in (pair.source, pair.target)}
    unheard = {key: panel.speaker.embed(s.unheard) for key, s in speakers.items()}
    given = {key: panel.speaker.embed(s.given) for key, s in speakers.items()}
    sources = {id(pair.source): pair.source for pair in pairs}
    said = {key: panel.words.transcribe(s.given) for key, s in sources.items() if s.english}
    tallies = {name: Tally() for name in ("source", "target", "tau_0", "tau_1")}

    def identity(embedding: Waveform, pair: Pair) -> dict[str, float]:
        to_target = float(embedding @ unheard[id(pair.target)])
        to_source = float(embedding @ unheard[id(pair.source)])
        nearer = float(to_target > to_source)
        return {"to_target": to_target, "to_source": to_source, "nearer_target": nearer}

    for key, speaker in tqdm(sources.items(), "tau 0"):
        made = voices.convert(speaker, speaker, 0.0)
        below, above = log_spectral_distances(made, speaker.given)
        tallies["tau_0"].add(
            to_own_clip=float(panel.speaker.embed(made) @ given[key]),
            distance_below_8_khz_db=below,
            distance_above_8_khz_db=above,
            **panel.quality.score(made),
        )
        tallies["source"].add(**panel.quality.score(speaker.given))
        if key in said:
            tallies["tau_0"].add_words(said[key], panel.words.transcribe(made))
            again = panel.words.transcribe(round_trip(speaker.given))
            tallies["source"].add_words(said[key], again)
    for pair in tqdm(pairs, "tau 1"):
        tallies["source"].add(**identity(given[id(pair.source)], pair))
        tallies["target"].add(**identity(given[id(pair.target)], pair))
        made = voices.convert(pair.source, pair.target, 1.0)
        correlation, error = pitch_figures(made, pair.source.given, pair.target.unheard)
        tallies["tau_1"].add(
            **identity(panel.speaker.embed(made), pair),
            **panel.quality.score(made),
            f0_correlation=correlation,
            f0_error_semitones=error,
        )
        if id(pair.source) in said:
            tallies["tau_1"].add_words(said[id(pair.source)], panel.words.transcribe(made))
    return {name: tally.means() for name, tally in tallies.items()}


def tau_shares(
    voices: Voices, pairs: Sequence[Pair], judge: SpeakerJudge, taus: Sequence[float] = TAUS
) -> dict[str, float]:
    """Measure the share of the whole rise in similarity to the target at each tau.

    Args:
        voices: The model.
        pairs: Who is converted into whom.
        judge: Tells how alike two voices are.
        taus: Values of tau, 0 first and 1 last.

    Returns:
        Share by tau.
    """
    wanted = [judge.embed(pair.target.unheard) for pair in pairs]
    means = []
    for tau in tqdm(taus, "tau"):
        made = [judge.embed(voices.convert(pair.source, pair.target, tau)) for pair in pairs]
        means.append(float(np.mean([m @ w for m, w in zip(made, wanted, strict=True)])))
    rise = means[-1] - means[0]
    return {
        str(tau): round((mean - means[0]) / rise, 4) for tau, mean in zip(taus, means, strict=True)
    }


def evaluate(
    model: Path, sets: Mapping[str, Sequence[Pair]], panel: Panel, shares_of: Sequence[Pair]
) -> dict[str, object]:
    """Examine a bundle as it is deployed, through the runtime.

    Args:
        model: Folder of a bundle.
        sets: Pairs by the name of their set.
        panel: The judges.
        shares_of: Pairs that the shares over tau are measured on; none, to leave them out.

    Returns:
        The report: who judged, shares over tau, and each set's figures.
    """
    voices = Voices(VoiceCloner.load(model, provider="cpu"))
    report: dict[str, object] = {"command": "python -m training evaluate", "judges": JUDGES}
    if shares_of:
        report["tau_shares"] = tau_shares(voices, shares_of, panel.speaker)
    for name, pairs in sets.items():
        report[name] = {"pairs": len(pairs), **examine(voices, pairs, panel)}
    return report
