"""Base64 decoding, with the forms that the contract forgives, and encoding."""

from __future__ import annotations

import binascii

_CHUNK = 1 << 20
"""Characters decoded at once, a multiple of 4; other threads can run between chunks."""


def decode(text: str) -> bytearray:
    """Decode base64, bare or as a data URL with or without a type.

    White space and missing padding are accepted. The text is not copied as a whole.

    Raises:
        ValueError: The text is not base64.
    """
    if text[:5].lower() == "data:":
        header, comma, text = text.partition(",")
        if not comma or not header.lower().endswith(";base64"):
            raise ValueError("the data URL is not base64")
    try:
        return _decode_strictly(text)
    except ValueError:
        # White space is searched only in text that failed, because usual text has none.
        return _decode_strictly("".join(text.split()))


def encode(data: bytes | bytearray | memoryview) -> bytes:
    """Encode bytes as base64 in one line."""
    return binascii.b2a_base64(data, newline=False)


def _decode_strictly(text: str) -> bytearray:
    decoded = bytearray(len(text) * 3 // 4 + 3)
    end = 0
    for start in range(0, len(text), _CHUNK):
        piece = text[start : start + _CHUNK]
        last = start + _CHUNK >= len(text)
        if last:
            piece += "=" * (-len(piece) % 4)
        data = binascii.a2b_base64(piece, strict_mode=True)
        if not last and len(data) * 4 != _CHUNK * 3:
            raise ValueError("padding within the text")
        decoded[end : end + len(data)] = data
        end += len(data)
    del decoded[end:]
    return decoded
