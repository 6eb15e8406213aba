"""The speaker encoder that judges: pyannote/embedding, out of a library that ships it."""

import hashlib
import struct
from importlib.metadata import distribution
from pathlib import Path

SYMBOL = b"speaker_embedding_model_ort_bytes"
SHA256 = "0ec8d36d8e19b4a7035f1b71d35e651d9cb8e8cf2e456c559da3d22105c8050d"
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLES, _NO_BITS = (2, 11), 8
"""SHT_SYMTAB and SHT_DYNSYM; SHT_NOBITS."""


def symbol_bytes(library: bytes, symbol: bytes) -> bytes:
    """Read the data of a symbol from a 64-bit little-endian ELF file.

    Section and symbol records are those of the System V ABI, chapters 4 and 5.

    Args:
        library: The whole file.
        symbol: Name of a symbol that stands for data.

    Returns:
        As many bytes as the symbol's size.

    Raises:
        ValueError: The file is no such library, or has no such symbol.
    """
    if library[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", library, 0x28)
    size, count = struct.unpack_from("<HH", library, 0x3A)
    sections = [_SECTION.unpack_from(library, table + size * index) for index in range(count)]
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind not in _SYMBOL_TABLES:
            continue
        names = sections[link][4]
        for place in range(offset, offset + length, entry):
            name, _, _, _, address, extent = _SYMBOL.unpack_from(library, place)
            begins = names + name
            if library[begins : begins + len(symbol) + 1] != symbol + b"\0":
                continue
            for _, kind_of, _, first, in_file, span, *_ in sections:
                if kind_of != _NO_BITS and first and first <= address < first + span:
                    start = in_file + address - first
                    return library[start : start + extent]
    raise ValueError(f"the library has no symbol {symbol.decode()}")


def speaker_model() -> bytes:
    """Read pyannote/embedding (MIT) in ONNX Runtime's format from the moonshine-voice package.

    Returns:
        The model's file.

    Raises:
        ValueError: The package's library is another build than the one that judged so far.
    """
    shipped = distribution("moonshine-voice")
    path = Path(str(shipped.locate_file("moonshine_voice/libmoonshine.so")))
    model = symbol_bytes(path.read_bytes(), SYMBOL)
    if hashlib.sha256(model).hexdigest() != SHA256:
        raise ValueError(f"{path} holds another speaker encoder than the one figures are told in")
    return model
