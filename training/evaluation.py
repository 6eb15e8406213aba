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
from training.pairs import Speaker, held_out_pairs, held_out_speakers

TAUS = (0.0, 0.2, 0.3, 0.5, 0.6, 0.8, 1.0)
Waveform = NDArray[np.float32]


@dataclass
class Tally:
    """Figures of one kind of speech, a value a clip."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **figures: float) -> None:
        """Notes one clip's figures by name."""
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def means(self) -> dict[str, float]:
        """The mean of each figure, NaN left out, to four places."""
        return {name: round(float(np.nanmean(v)), 4) for name, v in self.values.items()}


class Examination:
    """Held-out speakers with their embeddings, mixtures, transcripts and scores."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: the speech.
        """
        self.speakers = held_out_speakers(folder)
        self.pairs = held_out_pairs(self.speakers)
        self.teacher, self.judge = TeacherJudge(), IndependentJudge()
        self.mixtures, self.recogniser = MixtureJudge(), Recogniser()
        self.unheard = {
            s.name: (self.teacher.embed(s.unheard), self.judge.embed(s.unheard))
            for s in self.speakers
        }
        self.models = {s.name: self.mixtures.model(s.unheard) for s in self.speakers}
        self.said = {s.name: self.recogniser.transcribe(s.given) for s in self.speakers}

    def identity(self, waveform: Waveform, source: Speaker, target: Speaker) -> dict[str, float]:
        """Similarity to unheard speech of both speakers, and who is nearer, by each judge."""
        figures: dict[str, float] = {}
        embeddings = {"teacher": self.teacher.embed(waveform), "judge": self.judge.embed(waveform)}
        for index, (name, embedding) in enumerate(embeddings.items()):
            to_target = float(embedding @ self.unheard[target.name][index])
            to_source = float(embedding @ self.unheard[source.name][index])
            figures[f"{name}_to_target"], figures[f"{name}_to_source"] = to_target, to_source
            figures[f"{name}_nearer_target"] = float(to_target > to_source)
        cepstra = self.mixtures.cepstra(waveform)
        scores = [self.models[s.name].score(cepstra) for s in (target, source)]
        figures["mixture_nearer_target"] = float(scores[0] > scores[1])
        return figures

    def references(self) -> dict[str, dict[str, float]]:
        """The untouched source and the target's own clip, judged as conversions are."""
        source, target = Tally(), Tally()
        for pair in self.pairs:
            source.add(**self.identity(pair.source.given, pair.source, pair.target))
            target.add(**self.identity(pair.target.given, pair.source, pair.target))
        for speaker in self.speakers:
            source.add(**mean_opinion(speaker.given))
        return {"source": source.means(), "target": target.means()}

    def convert(
        self, cloner: VoiceCloner, source: Waveform, target: Waveform, tau: float
    ) -> Waveform:
        """One conversion at temperature 0.3 with a fixed seed, all [samples] at 22050 Hz."""
        return cloner.convert(
            source, cloner.tone(source), cloner.tone(target), tau=tau, temperature=0.3, seed=1
        )

    def conversions(self, cloner: VoiceCloner) -> dict[str, float]:
        """Every pair at tau 1.

        Args:
            cloner: the model.

        Returns:
            Mean figures.
        """
        tally, said, heard = Tally(), [], []
        for pair in tqdm(self.pairs, "pairs"):
            made = self.convert(cloner, pair.source.given, pair.target.given, 1.0)
            tally.add(**self.identity(made, pair.source, pair.target), **mean_opinion(made))
            correlation, distance = pitch_figures(made, pair.source.given, pair.target.unheard)
            tally.add(f0_correlation=correlation, f0_error_semitones=distance)
            said.append(self.said[pair.source.name])
            heard.append(self.recogniser.transcribe(made))
        return {**tally.means(), "word_error_rate": round(word_error_rate(said, heard), 4)}

    def resynthesis(self, cloner: VoiceCloner) -> dict[str, float]:
        """Every speaker at tau 0: what the model costs before it changes a voice.

        Args:
            cloner: the model.

        Returns:
            Mean figures.
        """
        tally, said, heard = Tally(), [], []
        for speaker in tqdm(self.speakers, "re-synthesis"):
            made = self.convert(cloner, speaker.given, speaker.given, 0.0)
            tally.add(**mean_opinion(made))
            tally.add(
                teacher_to_self=float(self.teacher.embed(made) @ self.unheard[speaker.name][0])
            )
            tally.add(judge_to_self=float(self.judge.embed(made) @ self.unheard[speaker.name][1]))
            said.append(self.said[speaker.name])
            heard.append(self.recogniser.transcribe(made))
        return {**tally.means(), "word_error_rate": round(word_error_rate(said, heard), 4)}

    def tau_shares(self, cloner: VoiceCloner, every: int = 3) -> dict[str, float]:
        """The share of the whole rise in similarity to the target (teacher) at each tau.

        Args:
            cloner: the model.
            every: one pair in so many is converted.

        Returns:
            Share by tau.
        """
        means = []
        for tau in tqdm(TAUS, "tau"):
            similarities = []
            for pair in self.pairs[::every]:
                made = self.convert(cloner, pair.source.given, pair.target.given, tau)
                embedding = self.teacher.embed(made)
                similarities.append(float(embedding @ self.unheard[pair.target.name][0]))
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
    cloner = VoiceCloner.load(model, provider="cpu")
    kinds = [pair.kind for pair in examination.pairs]
    report: dict[str, object] = {
        "command": "python -m training evaluate",
        "speakers": len(examination.speakers),
        "pairs": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
        "tau_shares": examination.tau_shares(cloner),
    }
    if not only_tau:
        report["references"] = examination.references()
        report["converted"] = examination.conversions(cloner)
        report["resynthesis"] = examination.resynthesis(cloner)
    return report
