import struct

import pytest

from training.embedded import symbol_bytes

DATA = b"a network that judges"
NAMES = b"\0other\0wanted\0"


def library(*, symbol_size: int = len(DATA)) -> bytes:
    """A 64-bit ELF file of a data section, a symbol table of two entries and their names."""
    header = 64
    data_at, names_at = header, header + len(DATA)
    symbols_at = names_at + len(NAMES)
    symbols = [
        struct.pack("<IBBHQQ", 1, 1, 0, 1, 0x9000, 4),
        struct.pack("<IBBHQQ", 7, 1, 0, 1, 0x4000, symbol_size),
    ]
    table_at = symbols_at + 48
    section = struct.Struct("<IIQQQQIIQQ")
    sections = [
        section.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        section.pack(0, 1, 0, 0x4000, data_at, len(DATA), 0, 0, 0, 0),
        section.pack(0, 3, 0, 0, names_at, len(NAMES), 0, 0, 0, 0),
        section.pack(0, 11, 0, 0, symbols_at, 48, 2, 0, 0, 24),
    ]
    start = bytearray(header)
    start[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", start, 0x28, table_at)
    struct.pack_into("<HH", start, 0x3A, section.size, len(sections))
    return bytes(start) + DATA + NAMES + b"".join(symbols) + b"".join(sections)


def test_a_symbol_gives_its_own_bytes() -> None:
    assert symbol_bytes(library(), b"wanted") == DATA
    assert symbol_bytes(library(symbol_size=9), b"wanted") == DATA[:9]


@pytest.mark.parametrize("name", [b"missing", b"want", b"other"])
def test_a_symbol_that_has_no_data_is_an_error(name: bytes) -> None:
    with pytest.raises(ValueError, match="no symbol"):
        symbol_bytes(library(), name)


def test_another_kind_of_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="ELF"):
        symbol_bytes(b"MZ" + bytes(100), b"wanted")
