"""The Info frame of an MP3 file of constant bit rate: its length, without delay and padding.

It is the first frame: a silent one that decoders do not play. Without it they play the encoder's
delay and padding too, and guess a file's length. LAME leaves it out at low bit rates and writes it
only when the whole file is known, so it is made here from the length.
"""

import struct

from runtime.encoding.formats import MPEG1_FROM_HZ, MPEG1_KBPS, MPEG2_KBPS

# LAME's delay, and the least padding: with both, every sample is in the middle of some frame
_DELAY_SAMPLES = 576
_LEAST_PADDING_SAMPLES = 576

# sync word, version 1 or 2, layer III, no CRC; then rate, and one channel
_HEADER = 0xFFE20000 | 0x1_0000
_MPEG1_BITS, _MPEG2_BITS, _MPEG25_BITS = 0x18_0000, 0x10_0000, 0x00_0000
_MONO_BITS, _ORIGINAL_BIT = 0xC0, 0x4
_HEADER_BYTES = 4

# The count of frames alone: players that are given the file's bytes too, as LAME does, distrust the
# whole frame where they cannot compare them with a file's size (ffmpeg, reading a stream).
_FRAMES_ONLY = 1
_INFO_BYTES = 4 + 4 + 4
_LAME_BYTES = 36
_CBR = 1
# decoders take the delay only from a tag of an encoder that they know
_ENCODER = b"LAME3.100"


def info_frame(samples: int, sample_rate_hz: int, kbps: int) -> bytes:
    """Make the Info frame of a mono file that LAME encodes at a constant bit rate.

    Layout after the LAME tag's specification (http://gabriel.mp3-tech.org/mp3infotag.html).

    Args:
        samples: Length of the audio.
        sample_rate_hz: Sample rate of the file.
        kbps: Bit rate of the file.
    """
    is_mpeg1 = sample_rate_hz >= MPEG1_FROM_HZ
    frame_samples = 1152 if is_mpeg1 else 576
    frames = -(-(samples + _DELAY_SAMPLES + _LEAST_PADDING_SAMPLES) // frame_samples)
    padding = frames * frame_samples - _DELAY_SAMPLES - samples

    side_bytes = 17 if is_mpeg1 else 9
    needed = _HEADER_BYTES + side_bytes + _INFO_BYTES + _LAME_BYTES
    own_kbps = next(
        each
        for each in (MPEG1_KBPS if is_mpeg1 else MPEG2_KBPS)
        if each >= kbps and _frame_bytes(each, sample_rate_hz) >= needed
    )

    frame = struct.pack(">I", _header(own_kbps, sample_rate_hz)) + bytes(side_bytes)
    frame += struct.pack(">4sII", b"Info", _FRAMES_ONLY, frames)
    frame += struct.pack(
        ">9sBBIHHBB3sBBHIH",
        *(_ENCODER, _CBR, 0, 0, 0, 0, 0, min(kbps, 255)),
        (_DELAY_SAMPLES << 12 | padding).to_bytes(3, "big"),
        *(0, 0, 0, 0, 0),
    )
    frame += struct.pack(">H", _crc16(frame))
    return frame.ljust(_frame_bytes(own_kbps, sample_rate_hz), b"\0")


def placeholder_bytes(head: bytes, sample_rate_hz: int, kbps: int) -> int:
    """Count the bytes of the empty frame that LAME begins a file with, 0 where there is none.

    Args:
        head: First bytes of the file, as many as the first frame has.
        sample_rate_hz: Sample rate of the file.
        kbps: Bit rate of the file.
    """
    size = _frame_bytes(kbps, sample_rate_hz)
    # even a frame of silence has a gain that is not zero
    return 0 if any(head[_HEADER_BYTES:size]) else size


def _header(kbps: int, sample_rate_hz: int) -> int:
    if sample_rate_hz >= MPEG1_FROM_HZ:
        version, rates, rate_hz = _MPEG1_BITS, MPEG1_KBPS, sample_rate_hz
    elif sample_rate_hz >= 16_000:
        version, rates, rate_hz = _MPEG2_BITS, MPEG2_KBPS, 2 * sample_rate_hz
    else:
        version, rates, rate_hz = _MPEG25_BITS, MPEG2_KBPS, 4 * sample_rate_hz
    rate_index = (44_100, 48_000, 32_000).index(rate_hz)
    rates_bits = (rates.index(kbps) + 1) << 12 | rate_index << 10
    return _HEADER | version | rates_bits | _MONO_BITS | _ORIGINAL_BIT


def _frame_bytes(kbps: int, sample_rate_hz: int) -> int:
    """Count the bytes of a frame that is not padded by one."""
    return (144 if sample_rate_hz >= MPEG1_FROM_HZ else 72) * 1000 * kbps // sample_rate_hz


def _crc16(data: bytes) -> int:
    """Compute CRC-16/ARC, as LAME does over the frame up to the CRC."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
