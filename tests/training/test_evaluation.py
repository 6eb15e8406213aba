from dataclasses import dataclass, field

import numpy as np
import pytest

pytest.importorskip("parselmouth", reason="needs praat-parselmouth")

from tests.training.speech_like import SAMPLE_RATE_HZ, vowel
from training.evaluation import Panel, Tally, Voices, examine, tau_shares
from training.judges import Waveform
from training.sets import Pair, Speaker


class LevelJudge:
    """Takes the level of a clip for its voice: 0.1 and 0.3 lie at right angles."""

    def embed(self, waveform: Waveform) -> Waveform:
        angle = np.clip((level(waveform) - 0.1) / 0.2, 0, 1) * np.pi / 2
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


class Reader:
    """Hears one word less of whatever is louder than 0.25."""

    def transcribe(self, waveform: Waveform) -> str:
        return "one two three" if level(waveform) > 0.25 else "one two three four"


class LevelScore:
    """Scores a clip by its level."""

    def score(self, waveform: Waveform) -> dict[str, float]:
        return {"ovrl": level(waveform)}


@dataclass
class Amplifier:
    """A cloner whose tones are levels, and whose conversions go `share` of the way."""

    share: float = 1.0
    taus: list[float] = field(default_factory=list)

    def tone(self, waveform: Waveform) -> Waveform:
        return np.array([level(waveform)], np.float32)

    def convert(
        self,
        waveform: Waveform,
        source: Waveform,
        target: Waveform,
        *,
        tau: float,
        temperature: float,
        seed: int,
    ) -> Waveform:
        self.taus.append(tau)
        wanted = source + self.share * tau * (target - source)
        return np.asarray(waveform * wanted / source, np.float32)


def level(waveform: Waveform) -> float:
    return float(np.sqrt(np.mean(waveform**2)))


def speaker(name: str, loudness: float, english: bool = True) -> Speaker:
    clip = vowel(110.0, 1.2)
    clip = np.asarray(clip * loudness / level(clip), np.float32)
    return Speaker(name, clip, clip, english)


PANEL = Panel(LevelJudge(), Reader(), LevelScore())


@pytest.fixture
def pairs() -> list[Pair]:
    quiet, loud = speaker("quiet", 0.1), speaker("loud", 0.3, english=False)
    return [Pair(quiet, loud), Pair(loud, quiet)]


def test_a_model_that_clones_is_told_from_one_that_does_nothing(pairs: list[Pair]) -> None:
    cloned = examine(Voices(Amplifier(1.0)), pairs, PANEL)  # type: ignore[arg-type]
    idle = examine(Voices(Amplifier(0.0)), pairs, PANEL)  # type: ignore[arg-type]
    assert cloned["tau_1"]["nearer_target"] == 1 and idle["tau_1"]["nearer_target"] == 0
    assert cloned["tau_1"]["to_target"] == pytest.approx(1, abs=1e-3)
    assert idle["tau_1"]["to_source"] == pytest.approx(1, abs=1e-3)
    for report in (cloned, idle):
        assert report["source"]["nearer_target"] == 0 and report["target"]["nearer_target"] == 1
        assert report["tau_0"]["to_own_clip"] == pytest.approx(1, abs=1e-3)
        assert report["tau_0"]["distance_below_8_khz_db"] == pytest.approx(0, abs=1e-3)
        assert report["tau_1"]["f0_correlation"] == pytest.approx(1, abs=1e-3)


def test_words_are_counted_for_english_sources_alone(pairs: list[Pair]) -> None:
    report = examine(Voices(Amplifier()), pairs, PANEL)  # type: ignore[arg-type]
    # The one English source becomes loud, and the reader then misses one word of four.
    assert report["tau_1"]["word_error_rate"] == 0.25
    assert report["tau_0"]["word_error_rate"] == report["source"]["word_error_rate"] == 0


def test_shares_over_tau_rise_from_nothing_to_all(pairs: list[Pair]) -> None:
    cloner = Amplifier()
    shares = tau_shares(Voices(cloner), pairs, LevelJudge(), (0.0, 0.5, 1.0))  # type: ignore[arg-type]
    assert shares["0.0"] == 0 and shares["1.0"] == 1
    assert shares["0.5"] == pytest.approx(np.sin(np.pi / 4), abs=0.01)
    assert cloner.taus == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]


def test_a_tally_leaves_unknown_figures_out() -> None:
    tally = Tally()
    tally.add(known=1.0, sometimes=2.0, never=float("nan"))
    tally.add(known=3.0, sometimes=float("nan"))
    assert tally.means() == {"known": 2.0, "sometimes": 2.0}
    tally.add_words("two words", "two")
    assert tally.means()["word_error_rate"] == 0.5


def test_a_clip_is_as_long_as_the_pitch_needs() -> None:
    assert len(speaker("a", 0.1).given) > SAMPLE_RATE_HZ
