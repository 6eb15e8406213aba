"""The label in an MP3 file: a user-defined text frame of an ID3v2 tag (https://id3.org)."""

from runtime.marking.containers.data import Data
from runtime.marking.label import COMMENT, KEY, SOFTWARE, Label

_HEADER_BYTES = 10
_FRAME_BYTES = 10
_UTF8 = b"\x03"
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_EXTENDED_FLAG = 0x40


def tag(label: Label) -> bytes:
    """Make the tag that stands before an MP3 file's first frame: ID3v2.4, in UTF-8."""
    frames = (
        _frame(b"TXXX", f"{KEY}\0{label.to_json()}")
        + _frame(b"COMM", f"eng\0{COMMENT}")
        + _frame(b"TSSE", SOFTWARE)
    )
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames


def read(data: Data) -> Label | None:
    """Find the label in an MP3 file's ID3v2.3 or ID3v2.4 tag."""
    header = bytes(data[:_HEADER_BYTES])
    if header[:3] != b"ID3" or len(header) < _HEADER_BYTES or header[3] not in (3, 4):
        return None
    is_24 = header[3] == 4
    tag_data = bytes(data[_HEADER_BYTES : _HEADER_BYTES + _from_syncsafe(header[6:])])
    position = 0
    if header[5] & _EXTENDED_FLAG:
        size = tag_data[:4]
        # the size of ID3v2.3 leaves itself out
        position = _from_syncsafe(size) if is_24 else int.from_bytes(size, "big") + 4
    while position + _FRAME_BYTES <= len(tag_data):
        name = tag_data[position : position + 4]
        raw = tag_data[position + 4 : position + 8]
        size_bytes = _from_syncsafe(raw) if is_24 else int.from_bytes(raw, "big")
        start = position + _FRAME_BYTES
        if name == b"TXXX" and (label := _label_of(tag_data[start : start + size_bytes])):
            return label
        position = start + size_bytes
        if not size_bytes:
            return None
    return None


def _label_of(frame: bytes) -> Label | None:
    if not frame or frame[0] >= len(_ENCODINGS):
        return None
    try:
        text = frame[1:].decode(_ENCODINGS[frame[0]])
    except UnicodeDecodeError:
        return None
    name, _, value = text.partition("\0")
    if name.upper() != KEY:
        return None
    return Label.from_json(value.lstrip("\ufeff").encode())


def _frame(name: bytes, text: str) -> bytes:
    data = _UTF8 + text.encode()
    return name + _syncsafe(len(data)) + b"\0\0" + data


def _syncsafe(number: int) -> bytes:
    """Write four bytes of seven bits each."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _from_syncsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=False))
