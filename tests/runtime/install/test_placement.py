from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.install.errors import PlaceTaken
from runtime.install.placement import replacing, write_manifest
from runtime.manifest import MANIFEST, Manifest


class Mishap(Exception):
    """What goes wrong meanwhile."""


def test_what_is_no_bundle_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(PlaceTaken, match="no bundle"), replacing(place):
            pytest.fail("nothing may be made for it")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(PlaceTaken, match="cannot be written"),
        replacing(tmp_path / "file" / "model"),
    ):
        pytest.fail("nothing may be made for it")


def test_a_failure_keeps_the_old_bundle(tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    (place / MANIFEST).write_text("old")
    with pytest.raises(Mishap), replacing(place) as folder:
        (folder / MANIFEST).write_text("new")
        raise Mishap
    assert (place / MANIFEST).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_failure_leaves_no_folders_that_were_not_there(tmp_path: Path) -> None:
    with pytest.raises(Mishap), replacing(tmp_path / "a" / "b" / "model"):
        raise Mishap
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_takes_its_place_whole(tmp_path: Path) -> None:
    place = tmp_path / "a" / "model"
    with replacing(place) as folder:
        (folder / MANIFEST).write_text("new")
        assert not place.exists()
    assert (place / MANIFEST).read_text() == "new"
    assert [path.name for path in place.parent.iterdir()] == ["model"]


def test_a_manifest_is_written_as_it_was_read(model_folder: Path, tmp_path: Path) -> None:
    for path in model_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / MANIFEST).unlink()
    manifest = Manifest.read(model_folder / MANIFEST)
    assert write_manifest(manifest, tmp_path) == manifest
    unmeasured: dict[str, object] = {"look_back_frames": {}, "look_ahead_frames": {}}
    was = unmeasured | json.loads((model_folder / MANIFEST).read_text())
    assert json.loads((tmp_path / MANIFEST).read_text()) == was
