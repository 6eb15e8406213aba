"""Reading and encoding of audio files, cutting of long ones, and writing of results as WAV."""

from __future__ import annotations

import base64
import io
import math
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

import soundfile

from client.errors import UnexpectedAnswer, UnreadableAudio

Audio = bytes | str | PathLike[str] | BinaryIO
"""Audio file (WAV, MP3, FLAC or OGG) as its bytes, its path, or an open binary file."""


def name_of(audio: Audio) -> str:
    """Name an audio file for an error message."""
    if isinstance(audio, bytes):
        return f"{len(audio)} bytes of audio"
    if isinstance(audio, str | PathLike):
        return str(audio)
    return str(getattr(audio, "name", "audio stream"))


def read(audio: Audio) -> bytes:
    """Return the bytes of an audio file.

    Raises:
        UnreadableAudio: The file is missing or cannot be read.
    """
    if isinstance(audio, bytes):
        return audio
    try:
        return Path(audio).read_bytes() if isinstance(audio, str | PathLike) else audio.read()
    except OSError as error:
        raise UnreadableAudio(name_of(audio), error.strerror or str(error)) from error


def encode(audio: Audio) -> str:
    """Return an audio file as the API's base64.

    Raises:
        UnreadableAudio: The file is missing or cannot be read.
    """
    return base64.b64encode(read(audio)).decode("ascii")


@dataclass(frozen=True)
class Segment:
    """A piece of a longer source.

    Attributes:
        wav: WAV file of the piece: 16-bit PCM with the source's sample rate and channels.
        progress: Share of the source up to the end of this piece, in (0, 1].
    """

    wav: bytes
    progress: float


def segments(source: Audio, segment_seconds: float) -> Iterator[Segment]:
    """Cut a source into pieces, reading one piece at a time.

    Args:
        source: Audio file to cut.
        segment_seconds: Length of each piece but the last.

    Raises:
        UnreadableAudio: The source cannot be decoded, or its pieces would be empty.
    """
    if isinstance(source, bytes):
        file: BinaryIO | str = io.BytesIO(source)
    else:
        file = cast("BinaryIO", source) if hasattr(source, "read") else str(source)
    try:
        with soundfile.SoundFile(file) as sound:
            block_frames = math.floor(segment_seconds * sound.samplerate)
            if block_frames < 1:
                raise UnreadableAudio(
                    name_of(source), f"pieces of {segment_seconds} seconds would be empty"
                )
            done = 0
            for block in sound.blocks(block_frames, dtype="float32", always_2d=True):
                done += len(block)
                piece = io.BytesIO()
                soundfile.write(piece, block, sound.samplerate, "PCM_16", format="WAV")
                yield Segment(piece.getvalue(), min(1.0, done / max(sound.frames, 1)))
    except (OSError, soundfile.LibsndfileError) as error:
        raise UnreadableAudio(name_of(source), str(error)) from error


def pcm_of(wav: bytes) -> tuple[bytes, int]:
    """Return the 16-bit little-endian samples of a mono WAV file, and their rate in hertz.

    Raises:
        UnexpectedAnswer: The data is not such a file.
    """
    try:
        with wave.open(io.BytesIO(wav)) as file:
            if file.getnchannels() != 1 or file.getsampwidth() != 2:
                raise UnexpectedAnswer("the result is not a mono 16-bit WAV file")
            return file.readframes(file.getnframes()), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise UnexpectedAnswer(f"the result is not a WAV file: {error}") from error


def write_wav(file: BinaryIO, pieces: Iterator[bytes], sample_rate_hz: int) -> None:
    """Write pieces of 16-bit mono samples as WAV into a seekable file, each as it arrives."""
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(sample_rate_hz)
        for piece in pieces:
            sound.writeframesraw(piece)
