"""One fixed examination of a model: the same held-out pairs, references beside it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from runtime import VoiceCloner
from training.judges import (
    IndependentJudge,
    MixtureJudge,
    Recogniser,
    TeacherJudge,
    mean_opinion,
    pitch_figures,
    word_error_rate,
)
from training.pairs import Pair, Speaker, held_out_pairs, held_out_speakers
from training.teacher import CampPlus, Resemblyzer

TAUS = (0.0, 0.2, 0.3, 0.5, 0.6, 0.8, 1.0)
Waveform = NDArray[np.float32]


@dataclass
class Tally:
    """Figures of one kind of speech, a value a clip."""

    values: dict[str, list[float]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def add(self, **figures: float) -> None:
        """Notes one clip's figures by name."""
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def add_words(self, said: str, heard: str) -> None:
        """Notes the transcripts of a clip before and after."""
        self.said.append(said)
        self.heard.append(heard)

    def means(self) -> dict[str, float]:
        """The mean of each figure, NaN left out, and the word error rate, to four places."""
        means = {name: float(np.nanmean(values)) for name, values in self.values.items()}
        if self.said:
            means["word_error_rate"] = word_error_rate(self.said, self.heard)
        return {name: round(mean, 4) for name, mean in means.items()}


class Voices:
    """The model with the tones of the speakers that it has met."""

    def __init__(self, cloner: VoiceCloner) -> None:
        """Args:
        cloner: the model.
        """
        self.cloner = cloner
        self.tones: dict[str, NDArray[np.float32]] = {}

    def _tone(self, speaker: Speaker) -> NDArray[np.float32]:
        if speaker.name not in self.tones:
            self.tones[speaker.name] = self.cloner.tone(speaker.given)
        return self.tones[speaker.name]

    def convert(self, source: Speaker, target: Speaker, tau: float) -> Waveform:
        """One conversion at temperature 0.3 with a fixed seed, [samples] at 22050 Hz."""
        tones = self._tone(source), self._tone(target)
        return self.cloner.convert(source.given, *tones, tau=tau, temperature=0.3, seed=1)


class Examination:
    """Held-out speakers with their embeddings, mixtures, transcripts and scores."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: the speech.
        """
        self.speakers = held_out_speakers(folder)
        self.pairs = held_out_pairs(self.speakers)
        self.judges: dict[str, TeacherJudge | IndependentJudge] = {
            "resemblyzer": TeacherJudge(Resemblyzer(stride_frames=40)),
            "campplus": TeacherJudge(CampPlus()),
            "judge": IndependentJudge(),
        }
        self.mixtures, self.recogniser = MixtureJudge(), Recogniser()
        self.unheard = {s.name: self.embed(s.unheard) for s in self.speakers}
        self.models = {s.name: self.mixtures.model(s.unheard) for s in self.speakers}
        self.said = {s.name: self.recogniser.transcribe(s.given) for s in self.speakers}

    def embed(self, waveform: Waveform) -> dict[str, Waveform]:
        """[samples] at 22050 Hz as each judge hears it."""
        return {name: judge.embed(waveform) for name, judge in self.judges.items()}

    def identity(
        self, embeddings: dict[str, Waveform], cepstra: NDArray[np.float64], pair: Pair
    ) -> dict[str, float]:
        """Similarity to unheard speech of both speakers, and who is nearer, by each judge."""
        figures: dict[str, float] = {}
        for name, embedding in embeddings.items():
            to_target = float(embedding @ self.unheard[pair.target.name][name])
            to_source = float(embedding @ self.unheard[pair.source.name][name])
            figures[f"{name}_to_target"], figures[f"{name}_to_source"] = to_target, to_source
            figures[f"{name}_nearer_target"] = float(to_target > to_source)
        scores = [self.models[s.name].score(cepstra) for s in (pair.target, pair.source)]
        figures["mixture_nearer_target"] = float(scores[0] > scores[1])
        return figures

    def references(self) -> dict[str, dict[str, float]]:
        """The untouched source and the target's own clip, judged as conversions are."""
        source, target = Tally(), Tally()
        heard = {
            s.name: (self.embed(s.given), self.mixtures.cepstra(s.given)) for s in self.speakers
        }
        for pair in self.pairs:
            source.add(**self.identity(*heard[pair.source.name], pair))
            target.add(**self.identity(*heard[pair.target.name], pair))
        for speaker in self.speakers:
            source.add(**mean_opinion(speaker.given))
        return {"source": source.means(), "target": target.means()}

    def conversions(self, voices: Voices) -> dict[str, float]:
        """Every pair at tau 1.

        Args:
            voices: the model.

        Returns:
            Mean figures.
        """
        tally = Tally()
        for pair in tqdm(self.pairs, "pairs"):
            made = voices.convert(pair.source, pair.target, 1.0)
            cepstra = self.mixtures.cepstra(made)
            tally.add(**self.identity(self.embed(made), cepstra, pair), **mean_opinion(made))
            correlation, distance = pitch_figures(made, pair.source.given, pair.target.unheard)
            tally.add(f0_correlation=correlation, f0_error_semitones=distance)
            tally.add_words(self.said[pair.source.name], self.recogniser.transcribe(made))
        return tally.means()

    def resynthesis(self, voices: Voices) -> dict[str, float]:
        """Every speaker at tau 0: what the model costs before it changes a voice.

        Args:
            voices: the model.

        Returns:
            Mean figures.
        """
        tally = Tally()
        for speaker in tqdm(self.speakers, "re-synthesis"):
            made = voices.convert(speaker, speaker, 0.0)
            own = self.unheard[speaker.name]
            alike = {
                f"{name}_to_self": float(e @ own[name]) for name, e in self.embed(made).items()
            }
            tally.add(**mean_opinion(made), **alike)
            tally.add_words(self.said[speaker.name], self.recogniser.transcribe(made))
        return tally.means()

    def tau_shares(self, voices: Voices, every: int = 3) -> dict[str, float]:
        """The share of the whole rise in similarity to the target (resemblyzer) at each tau.

        Args:
            voices: the model.
            every: one pair in so many is converted.

        Returns:
            Share by tau.
        """
        means = []
        for tau in tqdm(TAUS, "tau"):
            similarities = []
            for pair in self.pairs[::every]:
                made = voices.convert(pair.source, pair.target, tau)
                embedding = self.judges["resemblyzer"].embed(made)
                wanted = self.unheard[pair.target.name]["resemblyzer"]
                similarities.append(float(embedding @ wanted))
            means.append(float(np.mean(similarities)))
        rise = means[-1] - means[0]
        return {
            str(tau): round((mean - means[0]) / rise, 4)
            for tau, mean in zip(TAUS, means, strict=True)
        }


def evaluate(model: Path, folder: Path, only_tau: bool) -> dict[str, object]:
    """Examines a bundle as it is deployed, through the runtime.

    Args:
        model: a bundle's folder.
        folder: the speech.
        only_tau: measure the shares over tau and nothing else.

    Returns:
        The report: figures of the model and of the references.
    """
    examination = Examination(folder)
    voices = Voices(VoiceCloner.load(model, provider="cpu"))
    kinds = [pair.kind for pair in examination.pairs]
    report: dict[str, object] = {
        "command": "python -m training evaluate",
        "speakers": len(examination.speakers),
        "pairs": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "tau_shares": examination.tau_shares(voices),
    }
    if not only_tau:
        report["references"] = examination.references()
        report["converted"] = examination.conversions(voices)
        report["resynthesis"] = examination.resynthesis(voices)
    return report
