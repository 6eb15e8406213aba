"""Detection of MP3 files whose length is not written in them and can only be guessed."""

from runtime.source import Source

_ID3_HEADER_BYTES = 10
_ID3_FOOTER_FLAG = 0x10
# covers the first frame of any bit rate
_FRAME_BYTES = 4096


def is_mpeg_audio(head: bytes) -> bool:
    """Tell whether bytes begin as an MPEG audio frame does: with eleven set bits."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def length_is_guessed(source: Source) -> bool:
    """Tell whether a file is an MP3 without a header frame that gives its number of frames.

    Encoders put a Xing, Info or VBRI header into the first frame. Without one, a decoder guesses
    the length from the file's size and the first frame's bit rate.
    """
    first = source.peek(_id3_bytes(source.peek(0, _ID3_HEADER_BYTES)), _FRAME_BYTES)
    return is_mpeg_audio(first) and not any(tag in first for tag in (b"Xing", b"Info", b"VBRI"))


def _id3_bytes(header: bytes) -> int:
    """Count the bytes of an ID3v2 tag, 0 where there is none."""
    if header[:3] != b"ID3" or len(header) < _ID3_HEADER_BYTES:
        return 0
    # four bytes of seven bits each
    size = sum(
        (byte & 0x7F) << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True)
    )
    footer = _ID3_HEADER_BYTES if header[5] & _ID3_FOOTER_FLAG else 0
    return _ID3_HEADER_BYTES + size + footer
