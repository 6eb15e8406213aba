"""Whether an MP3 file's length is known or a guess."""

from runtime.source import FileSource, MemorySource

_ID3_HEADER_BYTES = 10
_ID3_FOOTER_FLAG = 0x10
# covers the first frame of any bit rate
_FRAME_BYTES = 4096


def counts_frames(source: MemorySource | FileSource) -> bool:
    """Tell whether an MP3 file begins with a frame that counts the others.

    Encoders put a Xing, Info or VBRI header into the first frame. Without one, a decoder guesses
    the length from the first frame's bit rate.
    """
    offset = 0
    header = source.peek(0, _ID3_HEADER_BYTES)
    if header[:3] == b"ID3" and len(header) == _ID3_HEADER_BYTES:
        # four bytes of seven bits each
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True)
        )
        offset = _ID3_HEADER_BYTES + size
        if header[5] & _ID3_FOOTER_FLAG:
            offset += _ID3_HEADER_BYTES
    first = source.peek(offset, _FRAME_BYTES)
    return any(tag in first for tag in (b"Xing", b"Info", b"VBRI"))
