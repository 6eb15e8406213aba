"""The sample clips are as their list and their README describe them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import soundfile

from samples import make

FOLDER = Path(make.__file__).parent
ENTRIES = json.loads((FOLDER / "samples.json").read_text("utf-8"))
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_clip_is_as_listed(entry: dict[str, str | float]) -> None:
    info = soundfile.info(FOLDER / str(entry["file"]))
    assert set(entry) == {"file", "title_zh", "title_en", "seconds", "how"}
    assert info.channels == 1
    # an MP3 holds whole blocks only
    assert info.duration == pytest.approx(entry["seconds"], abs=0.1)


def test_list_is_what_the_recipe_makes() -> None:
    listed = [(entry["file"], entry["title_zh"], entry["title_en"]) for entry in ENTRIES]
    assert listed == [(clip.file, clip.title_zh, clip.title_en) for clip in make.SAMPLES]
    assert [entry["how"] for entry in ENTRIES] == [shlex.join(clip.speech) for clip in make.SAMPLES]


def test_every_clip_is_listed_and_documented() -> None:
    clips = {path.name for path in FOLDER.iterdir() if path.suffix in AUDIO_SUFFIXES}
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert clips == {entry["file"] for entry in ENTRIES}
    for clip in make.SAMPLES:
        assert f"| {clip.file} |" in readme
        assert f"`{shlex.join(clip.command)}`" in readme


def test_enough_voices_and_lengths() -> None:
    assert len({clip.command for clip in make.SAMPLES}) >= 3
    assert any(3 <= entry["seconds"] <= 10 for entry in ENTRIES)
    assert any(20 <= entry["seconds"] <= 30 for entry in ENTRIES)
    assert any(55 <= entry["seconds"] <= 70 for entry in ENTRIES)
    assert sum((FOLDER / entry["file"]).stat().st_size for entry in ENTRIES) < 2_000_000
