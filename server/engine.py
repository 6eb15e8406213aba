"""What the service needs of a voice cloner: `runtime.VoiceCloner` has it, tests stand in for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from runtime.arrays import Tone, Waveform
from runtime.manifest import Manifest


class ToneExtraction(Protocol):
    """A tone embedding in the making: iterated to its end, one encoder window a step."""

    @property
    def tone(self) -> Tone:
        """The embedding, [tone_dimension]."""
        ...

    def __iter__(self) -> Iterator[None]:
        """Give the steps."""
        ...


class Conversion(Protocol):
    """A conversion in the making: gives pieces of audio in order, one window a step."""

    samples: int
    pieces: int
    seed: int

    def __iter__(self) -> Iterator[Waveform]:
        """Give the pieces, [samples] each."""
        ...


class Engine(Protocol):
    """A loaded model; its methods are called from several threads at once."""

    manifest: Manifest
    providers: tuple[str, ...]

    def warm_up(self) -> None:
        """Run everything once, so that the first request is as quick as the next."""
        ...

    def decode(
        self,
        data: bytes | bytearray | memoryview,
        *,
        minimum_seconds: float = 0.0,
        maximum_seconds: float = 600.0,
    ) -> Waveform:
        """Decode an audio file to the model's sample rate, [samples]."""
        ...

    def tone_extraction(self, waveform: Waveform, *, allow_silent: bool = False) -> ToneExtraction:
        """Begin to embed a voice."""
        ...

    def average_tones(self, weighted: Sequence[tuple[Tone, float]]) -> Tone:
        """Average embeddings of one voice, each with its seconds."""
        ...

    def voice_warnings(self, waveform: Waveform) -> Iterable[str]:
        """Name what in a target clip hurts a clone."""
        ...

    def conversion(
        self,
        source: Waveform,
        source_tone: Tone,
        target_tone: Tone,
        *,
        tau: float = 0.3,
        temperature: float = 0.3,
        seed: int | None = None,
    ) -> Conversion:
        """Begin to convert a source."""
        ...
