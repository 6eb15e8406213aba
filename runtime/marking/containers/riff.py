"""The label in a WAV file: chunks after the samples, so that the header stays 44 bytes long."""

import struct

from runtime.marking.containers.data import Data
from runtime.marking.label import COMMENT, KEY, SOFTWARE, Label

_SIZE = slice(4, 8)
_AIGC = KEY.encode()


def chunks(label: Label) -> bytes:
    """Make the chunks that follow the samples: the label, and LIST INFO for people to read."""
    info = b"INFO" + _chunk(b"ICMT", COMMENT) + _chunk(b"ISFT", SOFTWARE)
    return _chunk(_AIGC, label.to_json()) + struct.pack("<4sI", b"LIST", len(info)) + info


def with_longer_size(head: bytes, extra_bytes: int) -> bytes:
    """Add the bytes that follow to the size in a WAV file's first eight bytes."""
    (size,) = struct.unpack("<I", head[_SIZE])
    return head[: _SIZE.start] + struct.pack("<I", size + extra_bytes) + head[_SIZE.stop :]


def read(data: Data) -> Label | None:
    """Find the label in a WAV file."""
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[position : position + 8])
        if name == _AIGC:
            return Label.from_json(bytes(data[position + 8 : position + 8 + size]))
        # chunks begin at even positions
        position += 8 + size + size % 2
    return None


def _chunk(name: bytes, text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)
