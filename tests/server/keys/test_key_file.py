from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from server.keys.key_file import KeyFileError, digest, make_key, read_keys

ONE, OTHER = (hashlib.sha256(key).hexdigest() for key in (b"one", b"other"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_names_by_digest(path: Path) -> None:
    path.write_text(f"# who\n\nanna:{ONE}\n  ben : {OTHER.upper()} \r\n", "utf-8")
    assert read_keys(path) == {digest(b"one"): "anna", digest(b"other"): "ben"}


def test_a_name_may_have_two_keys_while_one_replaces_the_other(path: Path) -> None:
    path.write_text(f"anna:{ONE}\nanna:{OTHER}\n", "utf-8")
    assert set(read_keys(path).values()) == {"anna"}


@pytest.mark.parametrize(
    "line",
    ["anna", "anna:", f":{ONE}", f"an na:{ONE}", f"anna:{ONE[:-1]}", "anna:secret", f"{ONE}:anna"],
)
def test_a_wrong_line_is_told_by_its_number_alone(path: Path, line: str) -> None:
    path.write_text(f"ben:{OTHER}\n{line}\n", "utf-8")
    with pytest.raises(KeyFileError, match="line 2") as caught:
        read_keys(path)
    assert "secret" not in str(caught.value)


def test_one_key_has_one_name(path: Path) -> None:
    path.write_text(f"anna:{ONE}\nben:{ONE}\n", "utf-8")
    with pytest.raises(KeyFileError, match="line 2: the key has another name"):
        read_keys(path)


def test_a_file_that_cannot_be_one(path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        read_keys(path)
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(KeyFileError, match="larger than"):
        read_keys(path)
    path.write_bytes(b"\xff\xfe:" + ONE.encode())
    with pytest.raises(KeyFileError, match="line 1"):
        read_keys(path)


def test_a_new_key_fits_its_line(path: Path) -> None:
    key, line = make_key("anna")
    path.write_text(line, "utf-8")
    assert read_keys(path) == {digest(key.encode()): "anna"}
    assert len(key) >= 43
    assert make_key("anna")[0] != key


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "x" * 65, "a\n"])
def test_names_that_a_key_cannot_have(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        make_key(name)
