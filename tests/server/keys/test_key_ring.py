from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from server.keys.key_file import digest
from server.keys.key_ring import KeyRing
from server.settings import Settings, SettingsError


def write(path: Path, **keys: str) -> None:
    """Write a file of keys in place of another, as careful editors do."""
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(f"{n}:{digest(k.encode()).hex()}\n" for n, k in keys.items()), "utf-8")
    os.replace(fresh, path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "keys"
    write(found, anna="one", ben="two")
    return found


def test_no_setting_is_no_ring() -> None:
    assert KeyRing.of(Settings()) is None


def test_the_single_key_has_no_name_and_stays(path: Path) -> None:
    ring = KeyRing.of(Settings(api_key="single", api_keys=path))
    assert ring is not None
    assert [ring.find(key) for key in (b"single", b"one", b"two", b"three", b"")] == [
        "", "anna", "ben", None, None,
    ]  # fmt: skip


def test_the_file_is_read_again_when_it_changes(path: Path) -> None:
    ring = KeyRing(None, path)
    write(path, anna="new", carl="three")
    assert [ring.find(key) for key in (b"one", b"two", b"new", b"three")] == [
        None, None, "anna", "carl",
    ]  # fmt: skip


@pytest.mark.parametrize("content", [None, "no line of a key"])
def test_a_file_that_became_wrong_leaves_the_earlier_keys(
    path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    ring = KeyRing(None, path)
    path.unlink()
    if content is not None:
        path.write_text(content, "utf-8")
    with caplog.at_level(logging.ERROR):
        assert ring.find(b"one") == "anna"
        assert ring.find(b"one") == "anna"
    assert len(caplog.records) == 1
    write(path, dora="one")
    assert ring.find(b"one") == "dora"


def test_a_wrong_file_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="api_keys: "):
        KeyRing.of(Settings(api_keys=tmp_path / "missing"))
