"""Graph skeletons: ONNX files whose weights are external, filled without the onnx package.

A skeleton is a valid ONNX file. Each weight names its place, offset and length, in a data file that
does not exist; filling puts the bytes into the graph itself, where they lie in the same order, so
that a filled graph is one file and equals, byte for byte, what export/ writes.

An ONNX file is one protobuf message (developers.google.com/protocol-buffers/docs/encoding): fields,
each a key, for most kinds a length, and a payload. Only the fields that are named here are looked
into; all others are copied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

DATA_FILE = "weights"

# Field numbers of onnx.proto: in ModelProto, GraphProto, TensorProto and StringStringEntryProto.
_GRAPH = 7
_INITIALIZER = 5
_NAME, _RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION = 8, 9, 13, 14
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True)
class Gap:
    """Where a weight goes.

    Args:
        name: Of the weight.
        length: Its bytes.
    """

    name: str
    length: int


@dataclass(frozen=True)
class _Field:
    """One field of a message: all of its bytes, and its payload where it has a length."""

    number: int
    whole: bytes
    payload: bytes


class Skeleton:
    """A graph without its weights.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._pieces = list(_model_pieces(path.read_bytes()))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The weights to fill in, in the order in which they lie."""
        return tuple(piece for piece in self._pieces if isinstance(piece, Gap))

    @property
    def weight_bytes(self) -> int:
        """Size of the weights alone."""
        return sum(gap.length for gap in self.gaps)

    @property
    def filled_bytes(self) -> int:
        """Size of the graph with its weights."""
        return sum(piece.length if isinstance(piece, Gap) else len(piece) for piece in self._pieces)

    def fill(self, file: BinaryIO, weight: Callable[[str], NDArray[np.float32]]) -> None:
        """Write the graph with its weights.

        Args:
            file: To write to.
            weight: Gives a weight by name; asked for one at a time.

        Raises:
            ValueError: a weight has another size than its gap.
        """
        for piece in self._pieces:
            if isinstance(piece, Gap):
                data = np.ascontiguousarray(weight(piece.name), "<f4").data.cast("B")
                if len(data) != piece.length:
                    raise ValueError(f"{piece.name} has {len(data)} bytes, not {piece.length}")
                file.write(data)
            else:
                file.write(piece)


def _model_pieces(model: bytes) -> Iterator[bytes | Gap]:
    for field in _fields(model):
        if field.number == _GRAPH:
            yield from _message(_GRAPH, list(_graph_pieces(field.payload)))
        else:
            yield field.whole


def _graph_pieces(graph: bytes) -> Iterator[bytes | Gap]:
    for field in _fields(graph):
        if field.number == _INITIALIZER:
            yield from _message(_INITIALIZER, list(_tensor_pieces(field.payload)))
        else:
            yield field.whole


def _tensor_pieces(tensor: bytes) -> Iterator[bytes | Gap]:
    """Put a gap in the place of a tensor's note that its data is external."""
    fields = list(_fields(tensor))
    noted = [field for field in fields if field.number == _EXTERNAL_DATA]
    for field in fields:
        if field.number not in (_EXTERNAL_DATA, _DATA_LOCATION):
            yield field.whole
    if noted:
        entries = dict(_entry(field.payload) for field in noted)
        name = next(field.payload for field in fields if field.number == _NAME)
        gap = Gap(name.decode(), int(entries["length"]))
        yield from _message(_RAW_DATA, [gap])


def _entry(payload: bytes) -> tuple[str, str]:
    parts = {field.number: field.payload.decode() for field in _fields(payload)}
    return parts[_KEY], parts[_VALUE]


def _message(number: int, pieces: list[bytes | Gap]) -> Iterator[bytes | Gap]:
    """Put key and length before a payload."""
    length = sum(piece.length if isinstance(piece, Gap) else len(piece) for piece in pieces)
    yield _varint(number << 3 | _BYTES) + _varint(length)
    yield from pieces


def _fields(message: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(message):
        start = place
        key, place = _read_varint(message, place)
        kind, payload = key & 7, b""
        if kind == _BYTES:
            length, place = _read_varint(message, place)
            payload = message[place : place + length]
            place += length
        elif kind == _VARINT:
            _, place = _read_varint(message, place)
        else:
            place += _FIXED_BYTES[kind]
        yield _Field(key >> 3, message[start:place], payload)


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte; give the place after it, too."""
    number = shift = 0
    while True:
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, place


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
