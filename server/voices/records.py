"""What is kept of a voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """A voice as it is listed.

    Args:
        name: Its name, unique among its owner's.
        model_id: Model that its tone belongs to: the one asked for, if the voice has such a tone.
        seconds: Length of its clips; None where it was made from a tone.
        clips: Number of its clips.
        created: When it was saved, in ISO 8601, UTC.
        warnings: Codes of what makes its clips a poor target.
        has_audio: Whether its clips are kept.
    """

    name: str
    model_id: str
    seconds: float | None
    clips: int
    created: str
    warnings: tuple[str, ...]
    has_audio: bool


@dataclass(frozen=True, slots=True)
class NewVoice:
    """A voice to save.

    Args:
        voice: The voice.
        tone: Its tone of `voice.model_id`, little-endian float32.
        audio: Its clips as they were sent, where they are to be kept.
    """

    voice: StoredVoice
    tone: bytes
    audio: Sequence[Bytes] = ()


@dataclass(frozen=True, slots=True)
class StoredTone:
    """A voice's tone of one model.

    Args:
        voice_id: Id of the voice, never used again for another.
        tone: Little-endian float32; None where the voice has no tone of that model.
        has_audio: Whether its clips are kept.
    """

    voice_id: str
    tone: bytes | None
    has_audio: bool
