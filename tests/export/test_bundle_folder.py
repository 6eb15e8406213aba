from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from export.bundle_folder import replacing
from export.errors import OutputError, ParityError


def test_what_is_no_bundle_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    for place in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(OutputError, match="not a bundle"), replacing(place):
            pytest.fail("nothing may be made for it")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="cannot be written"),
        replacing(tmp_path / "file" / "model"),
    ):
        pytest.fail("nothing may be made for it")


def test_a_failure_keeps_the_old_bundle(tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    (place / "manifest.json").write_text("old")
    with pytest.raises(ParityError), replacing(place) as folder:
        (folder / "manifest.json").write_text("new")
        raise ParityError
    assert (place / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
