"""Media files made with PyAV: M4A, WebM, MP4 and AAC, with or without pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.audio import voice


@dataclass(frozen=True)
class Kind:
    """A kind of media file.

    Args:
        container: FFmpeg's muxer.
        codec: FFmpeg's encoder of the sound; None makes a file without sound.
        rate_hz: Sample rate.
        pictures: Whether there is a video track, before the sound.
        tracks: Number of sound tracks.
        options: Options of the muxer.
    """

    container: str
    codec: str | None
    rate_hz: int = 16000
    pictures: bool = False
    tracks: int = 1
    options: Mapping[str, str] = field(default_factory=dict)


KINDS = {
    "m4a": Kind("ipod", "aac"),
    "alac": Kind("ipod", "alac"),
    "mp4 with pictures": Kind("mp4", "aac", 44100, pictures=True),
    "fragmented mp4": Kind("mp4", "aac", options={"movflags": "frag_keyframe+empty_moov"}),
    "webm": Kind("webm", "libopus", 48000),
    "webm with pictures": Kind("webm", "libopus", 48000, pictures=True),
    "aac": Kind("adts", "aac"),
}

LENGTH_SLACK_SECONDS = {"fragmented mp4": 0.07, "aac": 0.13}
"""How much longer the sound of a kind may be, whose container does not tell the length."""


def media_file(
    kind: Kind, seconds: float = 1.0, *, waveform: NDArray[np.float32] | None = None
) -> bytes:
    """Make a file of a voice, or of a waveform, [samples]."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind.container, options=dict(kind.options)) as container:
        pictures: Any = None
        if kind.pictures or kind.codec is None:
            pictures = container.add_stream("libvpx" if kind.container == "webm" else "mpeg4", 10)
            pictures.width = pictures.height = 32
            pictures.pix_fmt = "yuv420p"
        streams: list[Any] = []
        if kind.codec is not None:
            for _ in range(kind.tracks):
                stream = container.add_stream(kind.codec, kind.rate_hz, layout="mono")
                streams.append(stream)
        if pictures is not None:
            for picture in _pictures(seconds):
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        for stream in streams:
            samples = voice(seconds, kind.rate_hz) if waveform is None else waveform
            resampler = av.AudioResampler(
                format=stream.codec_context.codec.audio_formats[0].name,
                layout="mono",
                rate=kind.rate_hz,
                frame_size=stream.codec_context.frame_size or 1024,
            )
            frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
            frame.sample_rate = kind.rate_hz
            frame.pts = 0
            for source in (frame, None):
                for piece in resampler.resample(source):
                    container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
    return file.getvalue()


def _pictures(seconds: float) -> Iterator[av.VideoFrame]:
    for number in range(max(1, round(10 * seconds))):
        picture = av.VideoFrame(32, 32, "yuv420p")
        picture.pts = number
        yield picture
