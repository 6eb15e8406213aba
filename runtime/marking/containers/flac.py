"""The label in a FLAC file: a comment in a metadata block (RFC 9639, section 8)."""

from collections.abc import Iterator

from runtime.marking.containers import comments
from runtime.marking.containers.data import Data
from runtime.marking.label import Label

_MAGIC_BYTES = 4
_COMMENTS = 4
_LAST_FLAG = 0x80


def labelled_head(head: bytes, label: Label) -> bytes | None:
    """Put the label into the beginning of a file; None where all of its metadata is needed first.

    Args:
        head: Beginning of a file with comments, as libFLAC writes them.
        label: Label to write.
    """
    found = list(_blocks(head))
    if not found or not found[-1][0] & _LAST_FLAG or found[-1][2] > len(head):
        return None
    parts = [head[:_MAGIC_BYTES]]
    for kind, start, stop in found:
        block = head[start:stop]
        if kind & ~_LAST_FLAG == _COMMENTS:
            block = comments.with_label(block, label)
        parts.append(bytes([kind]) + len(block).to_bytes(3, "big") + block)
    return b"".join(parts) + head[found[-1][2] :]


def read(data: Data) -> Label | None:
    """Find the label in a FLAC file."""
    for kind, start, stop in _blocks(data):
        if kind & ~_LAST_FLAG == _COMMENTS:
            return comments.find_label(data[start:stop])
    return None


def _blocks(data: Data) -> Iterator[tuple[int, int, int]]:
    """Give the kind and the place of each metadata block whose header is there."""
    position = _MAGIC_BYTES
    while position + 4 <= len(data):
        kind = data[position]
        start = position + 4
        position = start + int.from_bytes(data[position + 1 : start], "big")
        yield kind, start, position
        if kind & _LAST_FLAG:
            return
