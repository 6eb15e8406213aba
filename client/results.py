"""What comes back, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stats:
    """How long the server took, in seconds."""

    extract_seconds: float
    clone_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class CloneResult:
    """A converted source.

    Attributes:
        wav: a WAV file: mono, 16-bit PCM, as long as the source.
        stats: how long it took.
        request_id: the id under which the server's log has the request, or None.
    """

    wav: bytes
    stats: Stats
    request_id: str | None


@dataclass(frozen=True)
class ToneResult:
    """A voice, to be passed as a target again and again without its audio.

    Attributes:
        tone: the tone embedding as the server wrote it. It belongs to the model that made it.
        seconds: how much audio it was taken from.
        warnings: codes of what hurts a clone: short, quiet, clipped, mostly_silence.
    """

    tone: str
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class StreamHead:
    """What a stream says before its first piece."""

    sample_rate_hz: int
    samples: int
    seconds: float
    request_id: str | None


@dataclass(frozen=True)
class Piece:
    """A stretch of a stream.

    Attributes:
        index: number of the piece, from 0.
        start_seconds: where it begins in the source.
        seconds: how long it is.
        progress: share of the source that is converted with this piece, in (0, 1].
        pcm: its samples, 16-bit little-endian, mono.
    """

    index: int
    start_seconds: float
    seconds: float
    progress: float
    pcm: bytes
