"""Results of the API's calls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stats:
    """Time that the server took, in seconds."""

    extract_seconds: float
    clone_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class CloneResult:
    """A converted source.

    Attributes:
        audio: File in the format that was asked for, as long as the source; by default WAV, mono,
            16-bit PCM.
        stats: Time that it took.
        request_id: Id of the request in the server's log, or None.
    """

    audio: bytes
    stats: Stats
    request_id: str | None


@dataclass(frozen=True)
class ToneResult:
    """The tone of a voice, which can be passed as a target in place of its audio.

    Attributes:
        tone: Tone embedding as the server wrote it; only the model that made it can use it.
        seconds: Length of the audio that it was taken from.
        warnings: Codes of problems that hurt a clone: short, quiet, clipped, mostly_silence.
    """

    tone: str
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class MarkedStretch:
    """A part of a clip that carries the watermark."""

    start_seconds: float
    stop_seconds: float
    confidence: float


@dataclass(frozen=True)
class VerifyResult:
    """Whether a file is marked as generated.

    Attributes:
        seconds: Length of its audio.
        watermarked: Whether the audio, or a part of it, carries the watermark.
        confidence: Confidence in the watermark, 0 to 1.
        stretches: Parts that carry it, in order.
        metadata: Label in the file's metadata, by the fields that the API names, or None.
    """

    seconds: float
    watermarked: bool
    confidence: float
    stretches: tuple[MarkedStretch, ...]
    metadata: dict[str, str] | None

    @property
    def marked(self) -> bool:
        """Whether the watermark or the label says that the audio was generated."""
        return self.watermarked or self.metadata is not None


@dataclass(frozen=True)
class StoredVoice:
    """A voice that the server stores, which can be passed as a target.

    Attributes:
        name: Its name.
        seconds: Length of its clips; None where it was stored as a tone.
        clips: Number of its clips.
        created: When it was stored, in ISO 8601, UTC.
        model_id: Model that its tone belongs to.
        warnings: Codes of problems that hurt a clone: short, quiet, clipped, mostly_silence.
        has_audio: Whether its clips are stored.
    """

    name: str
    seconds: float | None
    clips: int
    created: str
    model_id: str
    warnings: tuple[str, ...]
    has_audio: bool


@dataclass(frozen=True)
class VoicePage:
    """A page of the stored voices.

    Attributes:
        voices: Voices in the order of their names.
        next: Name that the next page begins after; None on the last one.
    """

    voices: tuple[StoredVoice, ...]
    next: str | None


@dataclass(frozen=True)
class StreamHead:
    """Format and totals that a stream gives before its first piece."""

    sample_rate_hz: int
    samples: int
    seconds: float
    request_id: str | None


@dataclass(frozen=True)
class Piece:
    """A piece of a stream.

    Attributes:
        index: Number of the piece, from 0.
        start_seconds: Time in the source at which it begins.
        seconds: Length of the piece.
        progress: Share of the source that is converted up to this piece's end, in (0, 1].
        pcm: Samples of the piece: 16-bit, little-endian, mono.
    """

    index: int
    start_seconds: float
    seconds: float
    progress: float
    pcm: bytes


@dataclass(frozen=True)
class LiveReady:
    """What the server says when a live session may begin.

    Attributes:
        sample_rate_hz: Sample rate of what comes back; sending at it adds no delay.
        latency_seconds: Longest time from a sample's arrival until its chunk can be converted.
        chunk_seconds: Length of the pieces that come back.
        request_id: Id of the session in the server's log, or None.
    """

    sample_rate_hz: int
    latency_seconds: float
    chunk_seconds: float
    request_id: str | None


@dataclass(frozen=True)
class LiveStats:
    """What the server says at the end of a live session.

    Attributes:
        seconds: Audio that was converted.
        steps: Steps that it took.
        late_steps: Steps that were done after they were due.
        longest_step_seconds: Longest time that a step took, with its waiting.
        seed: Seed of the random variation, to repeat the result.
    """

    seconds: float
    steps: int
    late_steps: int
    longest_step_seconds: float
    seed: int
