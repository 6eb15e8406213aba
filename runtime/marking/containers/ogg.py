"""The label in an OGG file: a comment in the stream's second packet (RFC 3533, RFC 7845)."""

import struct

from runtime.marking.containers import comments
from runtime.marking.containers.data import Data
from runtime.marking.label import Label

_HEADER_BYTES = 27
_SEGMENTS = 26
_CRC = slice(22, 26)
_FULL_SEGMENT = 255
_PREFIXES = (b"OpusTags", b"\x03vorbis")
_LONGEST_PACKET = 1 << 20


def labelled_head(head: bytes, label: Label) -> bytes | None:
    """Put the label into the beginning of an Opus file; None where more of it is needed first.

    Args:
        head: Beginning of a file whose comments are all of its second page, as libopus writes it.
        label: Label to write.
    """
    second = _page_end(head, 0)
    end = None if second is None else _page_end(head, second)
    if second is None or end is None:
        return None
    prefix = _PREFIXES[0]
    old = head[second + _HEADER_BYTES + head[second + _SEGMENTS] : end]
    packet = prefix + comments.with_label(old[len(prefix) :], label)
    full, rest = divmod(len(packet), _FULL_SEGMENT)
    table = bytes([_FULL_SEGMENT] * full + [rest])
    header = bytearray(head[second : second + _SEGMENTS]) + bytes([len(table)])
    header[_CRC] = bytes(4)
    page = header + table + packet
    page[_CRC] = struct.pack("<I", _crc32(page))
    return head[:second] + bytes(page) + head[end:]


def read(data: Data) -> Label | None:
    """Find the label in an OGG file of Opus or Vorbis."""
    position = _page_end(data, 0)
    packet = bytearray()
    while position is not None and len(packet) < _LONGEST_PACKET:
        end = _page_end(data, position)
        if end is None:
            return None
        table = position + _HEADER_BYTES
        start = table + data[position + _SEGMENTS]
        for size in data[table:start]:
            packet += data[start : start + size]
            start += size
            if size < _FULL_SEGMENT:
                return _label_of(bytes(packet))
        position = end
    return None


def _label_of(packet: bytes) -> Label | None:
    for prefix in _PREFIXES:
        if packet.startswith(prefix):
            return comments.find_label(packet[len(prefix) :])
    return None


def _page_end(data: Data, position: int) -> int | None:
    """Find where a page ends; None where it is not all there."""
    table = position + _HEADER_BYTES
    if len(data) < table or data[position : position + 4] != b"OggS":
        return None
    start = table + data[position + _SEGMENTS]
    end = start + sum(data[table:start])
    return end if end <= len(data) else None


def _crc32(page: bytes | bytearray) -> int:
    """Compute an OGG page's checksum: polynomial 0x04c11db7, neither inverted nor reflected."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        crc &= 0xFFFFFFFF
    return crc
