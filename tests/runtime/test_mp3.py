import pytest

from runtime.mp3 import is_mpeg_audio, length_is_guessed
from runtime.source import MemorySource
from tests.audio import voice_file

MP3 = voice_file(1.0, kind="mp3")
ID3 = b"ID3\x04\x00\x00" + bytes([0, 0, 0x40, 0x05]) + bytes(0x40 * 128 + 5)


FRAME = b"\xff\xfb\x90\xc4"


@pytest.mark.parametrize("tag", [b"Xing", b"Info", b"VBRI"])
def test_a_counting_frame_is_found(tag: bytes) -> None:
    assert not length_is_guessed(MemorySource(FRAME + bytes(32) + tag + bytes(400)))


def test_an_encoders_file_counts() -> None:
    assert not length_is_guessed(MemorySource(MP3))


def test_id3_is_skipped() -> None:
    assert not length_is_guessed(MemorySource(ID3 + MP3))
    footed = ID3[:5] + b"\x10" + ID3[6:]
    assert not length_is_guessed(MemorySource(footed + bytes(10) + MP3))
    assert length_is_guessed(MemorySource(ID3[:-4] + b"Xing" + FRAME + bytes(5000)))


def test_without_one_the_length_is_a_guess() -> None:
    assert length_is_guessed(MemorySource(FRAME + bytes(5000)))


@pytest.mark.parametrize("data", [b"", b"ID3", b"fLaC" + bytes(5000), ID3 + b"fLaC"])
def test_other_files_are_no_mp3(data: bytes) -> None:
    assert not length_is_guessed(MemorySource(data))


@pytest.mark.parametrize(
    ("head", "expected"),
    [(FRAME, True), (b"\xff\xe3", True), (b"\xff", False), (b"\xff\x00", False), (b"", False)],
)
def test_a_frame_begins_with_set_bits(head: bytes, expected: bool) -> None:
    assert is_mpeg_audio(head) is expected
