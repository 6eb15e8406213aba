import io
import struct

import numpy as np
import pytest
import soundfile

from runtime.encoding.mp3_info import info_frame, placeholder_bytes


def lame_tag(data: bytes) -> tuple[int, bytes]:
    """Return the count of frames that LAME wrote, and its delay and padding."""
    at = data.index(b"Info")
    return struct.unpack(">I", data[at + 8 : at + 12])[0], data[at + 120 + 21 : at + 120 + 24]


@pytest.mark.parametrize(("rate_hz", "kbps"), [(8000, 32), (22050, 64), (24000, 64), (44100, 128)])
@pytest.mark.parametrize("samples", [1, 576, 1152, 1153, 22050, 50_001])
def test_length_delay_and_padding_are_lame_s(rate_hz: int, kbps: int, samples: int) -> None:
    file = io.BytesIO()
    highest = 320 if rate_hz >= 32000 else 160 if rate_hz >= 16000 else 64
    lowest = 32 if rate_hz >= 32000 else 8
    with soundfile.SoundFile(
        file, "w", rate_hz, 1, format="MP3", bitrate_mode="CONSTANT",
        compression_level=(highest - kbps) / (highest - lowest),
    ) as sound:  # fmt: skip
        sound.write(np.zeros(samples, np.float32))
    frames, delay_and_padding = lame_tag(file.getvalue())
    frame = info_frame(samples, rate_hz, kbps)
    at = frame.index(b"Info")
    assert struct.unpack(">II", frame[at + 4 : at + 12]) == (1, frames)
    assert frame[at + 12 + 21 : at + 12 + 24] == delay_and_padding
    # LAME's own frame is as long, and begins with the same header
    assert file.getvalue()[:4] == frame[:4]
    assert placeholder_bytes(frame[:4] + bytes(len(frame)), rate_hz, kbps) == len(frame)


def test_a_frame_of_audio_is_no_placeholder() -> None:
    assert placeholder_bytes(b"\xff\xf3\x80\xc4" + bytes(50) + b"\xd2" + bytes(500), 22050, 64) == 0
