"""Comments of FLAC and OGG files (https://xiph.org/vorbis/doc/v-comment.html)."""

import struct

from runtime.marking.containers.data import Data
from runtime.marking.label import COMMENT, KEY, SOFTWARE, Label

_KEY = f"{KEY}=".encode()
_MOST_COMMENTS = 10_000


def with_label(comments: bytes, label: Label) -> bytes:
    """Make comments that hold the label, by the encoder that wrote others.

    Args:
        comments: Comments of a file, of which the encoder's name is kept.
        label: Label to write.
    """
    (size,) = struct.unpack("<I", comments[:4])
    texts = (f"{KEY}={label.to_json()}", f"COMMENT={COMMENT}", f"SOFTWARE={SOFTWARE}")
    parts = [struct.pack("<I", len(text)) + text for text in map(str.encode, texts)]
    return comments[: 4 + size] + struct.pack("<I", len(parts)) + b"".join(parts)


def find_label(comments: Data) -> Label | None:
    """Find the label among comments; None where there is none or they are damaged."""
    try:
        (size,) = struct.unpack("<I", comments[:4])
        position = 8 + size
        (count,) = struct.unpack("<I", comments[position - 4 : position])
        for _ in range(min(count, _MOST_COMMENTS)):
            (size,) = struct.unpack("<I", comments[position : position + 4])
            text = bytes(comments[position + 4 : position + 4 + size])
            if text[: len(_KEY)].upper() == _KEY:
                return Label.from_json(text[len(_KEY) :])
            position += 4 + size
    except struct.error:
        return None
    return None
