from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("onnx", reason="needs onnx")

import training.synthesise
from training.kokoro import SAMPLE_RATE_HZ, TIMBRE, Kokoro
from training.synthesise import MEMBERS, Speaker, speakers, synthesise

LEVELS_HZ = {"af_a": 220.0, "af_b": 180.0, "am_c": 110.0, "zm_d": 120.0}


class Synthesiser(Kokoro):
    """Speaks for a second: the timbre's first number is how loud, pitch is noted."""

    pitches: list[float]

    def __init__(self, folder: Path) -> None:
        self.styles = {
            name: np.full((3, 2 * TIMBRE), index / 10, np.float32)
            for index, name in enumerate(LEVELS_HZ)
        }
        Synthesiser.pitches = []

    def tokens(self, phonemes: str) -> list[int]:
        return [0, len(phonemes), 0]

    def style(self, voice: str, tokens: Sequence[int]) -> np.ndarray:
        return np.asarray(self.styles[voice][0])

    def say(
        self, tokens: Sequence[int], style: np.ndarray, pitch: float = 1.0
    ) -> tuple[np.ndarray, float]:
        Synthesiser.pitches.append(pitch)
        return np.full(SAMPLE_RATE_HZ, style[0], np.float32), 100.0 * (1 + style[-1])


def test_voices_are_kokoros_and_mixes_of_one_sex() -> None:
    cast = speakers(LEVELS_HZ, np.random.default_rng(1), 40)
    assert [one.first for one in cast[:4]] == sorted(LEVELS_HZ)
    assert all(one.second == one.first for one in cast[:4])
    mixed = [one for one in cast if one.second != one.first]
    assert len(mixed) > 10 and all(one.first[1] == one.second[1] for one in mixed)
    assert all(70 < one.level_hz < 350 for one in cast)


def test_a_timbre_is_mixed_of_the_first_half_of_two_styles(tmp_path: Path) -> None:
    timbre = Speaker("af_b", "zm_d", 0.25, 100.0).timbre(Synthesiser(tmp_path), [0, 1, 0])
    assert timbre.shape == (TIMBRE,) and timbre[0] == pytest.approx(0.25 * 0.1 + 0.75 * 0.3)


def test_groups_are_made_until_there_are_minutes_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.synthesise, "Kokoro", Synthesiser)
    monkeypatch.setattr(training.synthesise, "phonemes_of", lambda text, language: text)
    text = tmp_path / "text"
    text.write_text(
        "Nine words are said again and again until the text is as long as it must be.\n" * 2
    )
    made = [tmp_path / name for name in ("once", "again")]
    for folder in made:
        synthesise(tmp_path, {"en-us": text}, folder, minutes=0.1, seed=3)
    names = sorted(path.name for path in made[0].iterdir())
    assert names == [
        f"3-{group:05d}+{member}.flac" for group in (0, 1) for member in range(MEMBERS)
    ]
    for name in names:
        assert (made[0] / name).read_bytes() == (made[1] / name).read_bytes()
        assert soundfile.info(made[0] / name).samplerate == SAMPLE_RATE_HZ
    assert len(set(Synthesiser.pitches)) > MEMBERS


def test_a_text_without_a_sentence_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.synthesise, "Kokoro", Synthesiser)
    text = tmp_path / "text"
    text.write_text("Short.")
    with pytest.raises(ValueError, match="no sentence of 90 to 200 characters"):
        synthesise(tmp_path, {"en-us": text}, tmp_path / "made", minutes=1, seed=1)
