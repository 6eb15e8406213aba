from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from training.sets import (
    choice_pairs,
    clean_pairs,
    halves,
    hard_choice_pairs,
    hard_pairs,
    pairs_of,
    trained_pairs,
    wide_pairs,
)
from training.speech import SAMPLE_RATE_HZ, Clip, split


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    for speaker in range(24):
        seconds = 2.0 if speaker == 8 else 6.2
        soundfile.write(folder / f"{100 + speaker}-1-0.wav", noise(seconds), SAMPLE_RATE_HZ)
    return folder


def noise(seconds: float) -> NDArray[np.float32]:
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * SAMPLE_RATE_HZ))
    return np.asarray(samples, np.float32)


def test_held_out_speakers_are_not_trained_on(speech: Path) -> None:
    trained, held_out = split(speech)
    assert [clip.speaker for clip in held_out] == ["100", "108", "116"]
    assert not {clip.speaker for clip in trained} & {clip.speaker for clip in held_out}
    assert len(trained) == 21


def test_clean_pairs_are_of_held_out_speakers_whose_clips_are_long_enough(speech: Path) -> None:
    pairs = clean_pairs(speech)
    assert {pair.source.name for pair in pairs} == {"100-1-0", "116-1-0"}
    assert all(pair.source is not pair.target for pair in pairs)
    assert len(pairs[0].source.given) == len(pairs[0].source.unheard) == round(3.1 * SAMPLE_RATE_HZ)


def test_hard_pairs_are_the_clean_ones_with_only_what_is_given_changed(speech: Path) -> None:
    for clean, hard in zip(clean_pairs(speech), hard_pairs(speech), strict=True):
        assert (clean.source.name, clean.target.name) == (hard.source.name, hard.target.name)
        np.testing.assert_array_equal(clean.source.unheard, hard.source.unheard)
        assert not np.array_equal(clean.source.given, hard.source.given)


def test_pairs_to_choose_by_share_nothing_with_those_of_the_report(speech: Path) -> None:
    chosen, hard = choice_pairs(speech), hard_choice_pairs(speech)
    for pair, clean, made in zip(chosen, clean_pairs(speech), hard, strict=True):
        assert (pair.source.name, pair.target.name) == (clean.target.name, clean.source.name)
        np.testing.assert_array_equal(pair.source.given, clean.target.unheard)
        np.testing.assert_array_equal(pair.source.unheard, clean.target.given)
        np.testing.assert_array_equal(pair.source.unheard, made.source.unheard)
        assert not np.array_equal(pair.source.given, made.source.given)
    # A speaker is one object in all of his pairs, so that his tone is found once.
    assert len({id(s) for p in chosen for s in (p.source, p.target)}) == 2


def test_trained_pairs_hold_no_held_out_speaker(speech: Path) -> None:
    names = {s.name[:3] for pair in trained_pairs(speech) for s in (pair.source, pair.target)}
    assert names and not names & {"100", "108", "116"}


def test_wide_pairs_ask_for_words_in_english_alone(tmp_path: Path) -> None:
    for folder, name in (
        ("a", "de_DE-one"),
        ("a", "en_US-two"),
        ("a", "pl_PL-no"),
        ("b", "p228_023"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        soundfile.write(tmp_path / folder / f"{name}.wav", noise(6.1), SAMPLE_RATE_HZ)
    english = {pair.source.name: pair.source.english for pair in wide_pairs(tmp_path)}
    assert english == {"de_DE-one": False, "en_US-two": True, "pl_PL-no": False, "p228_023": True}


def test_every_speaker_is_source_and_target_about_equally_often(speech: Path) -> None:
    speakers = [speaker for speaker in map(halves, split(speech)[0]) if speaker is not None]
    pairs = pairs_of(speakers, 50)
    assert len({(pair.source.name, pair.target.name) for pair in pairs}) == 50
    for side in ("source", "target"):
        counts = np.unique([getattr(pair, side).name for pair in pairs], return_counts=True)[1]
        assert counts.max() - counts.min() <= 1


def test_a_clip_of_three_seconds_is_too_short(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1-1-1.wav", noise(5.9), SAMPLE_RATE_HZ)
    assert halves(Clip(tmp_path / "1-1-1.wav")) is None
