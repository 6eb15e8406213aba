"""The requests that cost work, parsed: numbers checked, audio as bytes."""

from __future__ import annotations

from dataclasses import dataclass

Bytes = bytearray | memoryview


@dataclass(slots=True)
class Clip:
    """One audio file of a request.

    Args:
        data: The file's bytes; `take` them, so that they are released once they are decoded.
        param: Name of the field that it came in, for errors.
        index: Position in the field's list, where it is a list.
    """

    data: Bytes
    param: str
    index: int | None = None

    def take(self) -> Bytes:
        """Return the bytes and forget them."""
        data, self.data = self.data, bytearray()
        return data

    @property
    def place(self) -> dict[str, int]:
        """The position in a list, as a fact of an error about the clip."""
        return {} if self.index is None else {"index": self.index}


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """A request of /api/clone or /api/clone/stream.

    Args:
        targets: Clips of the voice to imitate; empty where a tone is given.
        target_tone: A tone that /api/tone returned.
        source: The speech to convert.
        tau: How strongly the target's tone is applied.
        temperature: Temperature of the posterior noise.
        seed: Seed of that noise; None draws a fresh one.
    """

    targets: tuple[Clip, ...]
    target_tone: str | None
    source: Clip
    tau: float
    temperature: float
    seed: int | None
