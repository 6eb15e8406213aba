import os
from pathlib import Path

import pytest

from runtime.source import FileSource, MemorySource, StretchedSource

DATA = bytes(range(100))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_memory_reads_like_a_file(kind: type) -> None:
    source = MemorySource(kind(DATA))
    buffer = bytearray(40)
    assert source.readinto(memoryview(buffer)) == 40
    assert buffer == DATA[:40]
    assert source.tell() == 40
    assert source.seek(-10, os.SEEK_END) == 90
    assert source.readinto(memoryview(buffer)) == 10
    assert buffer[:10] == DATA[90:]
    assert source.readinto(memoryview(buffer)) == 0
    assert source.seek(5) == 5
    assert source.seek(5, os.SEEK_CUR) == 10
    assert source.seek(-1000, os.SEEK_CUR) == 0


def test_beyond_its_end_memory_reads_nothing() -> None:
    source = MemorySource(DATA)
    assert source.seek(1000) == 1000
    assert source.readinto(memoryview(bytearray(4))) == 0


def test_a_file_reads_like_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb", buffering=0) as file:
        source = FileSource(file)
        buffer = bytearray(60)
        assert source.readinto(memoryview(buffer)) == 60
        assert source.peek(3, 4) == DATA[3:7]
        assert source.readinto(memoryview(buffer)) == 40
        assert buffer[:40] == DATA[60:]
        assert source.tell() == 100
        assert source.seek(-1, os.SEEK_END) == 99


def test_peeking_does_not_move() -> None:
    source = MemorySource(DATA)
    assert source.peek(3, 4) == DATA[3:7]
    assert source.peek(98, 10) == DATA[98:]
    assert source.tell() == 0


def test_a_stretched_source_ends_where_its_bytes_do() -> None:
    source = StretchedSource(MemorySource(DATA))
    assert source.seek(0, os.SEEK_END) >= 40 * len(DATA)
    assert source.readinto(memoryview(bytearray(10))) == 0
    source.seek(-3, os.SEEK_END)
    assert source.readinto(memoryview(bytearray(10))) == 3
    source.seek(len(DATA))
    assert source.readinto(memoryview(bytearray(10))) == 0
    assert source.seek(95) == source.tell() == 95
    buffer = bytearray(10)
    assert source.readinto(memoryview(buffer)) == 5
    assert buffer[:5] == DATA[95:]
    assert source.peek(0, 2) == DATA[:2]
