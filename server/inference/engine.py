"""What the server needs of a loaded model: `runtime.VoiceCloner` provides it, as do test fakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from runtime.arrays import Tone, Waveform
from runtime.limits import MAXIMUM_SECONDS
from runtime.live.window import Latency
from runtime.manifest import Manifest
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE


class ToneExtraction(Protocol):
    """The steps of embedding a voice: iterating runs one encoder window a step."""

    @property
    def tone(self) -> Tone:
        """The embedding, [tone_dimension], after the last step."""
        ...

    def __iter__(self) -> Iterator[None]:
        """Run the steps."""
        ...


class Conversion(Protocol):
    """The steps of a conversion: iterating gives pieces of audio in order, one run a step.

    Attributes:
        samples: Samples of the source and of the result.
        windows: Windows that the source is converted in.
        pieces: Pieces that iterating gives; one may hold several windows.
        seed: Seed of the noise.
    """

    samples: int
    windows: int
    pieces: int
    seed: int

    def __iter__(self) -> Iterator[Waveform]:
        """Run the steps; each gives a piece, [samples]."""
        ...


class LiveConversion(Protocol):
    """A conversion of speech that is still being spoken, one chunk a step."""

    seed: int
    sample_rate_hz: int
    latency_seconds: float
    chunk_seconds: float
    ended: bool

    @property
    def ready(self) -> bool:
        """Whether a step can run."""
        ...

    def push(self, samples: Waveform) -> None:
        """Take speech, [samples]."""
        ...

    def end(self) -> None:
        """Say that no more speech follows."""
        ...

    def step(self) -> Waveform:
        """Convert the next chunk, [samples]."""
        ...


class Engine(Protocol):
    """A loaded model; its methods are called from several threads at once."""

    manifest: Manifest
    providers: tuple[str, ...]

    def warm_up(self) -> None:
        """Run the graphs once, so that the first request is as fast as later ones."""
        ...

    def decode(
        self,
        data: bytes | bytearray | memoryview,
        *,
        minimum_seconds: float = 0.0,
        maximum_seconds: float = MAXIMUM_SECONDS,
    ) -> Waveform:
        """Decode an audio file to the model's sample rate, [samples]."""
        ...

    def tone_extraction(self, waveform: Waveform, *, allow_silent: bool = False) -> ToneExtraction:
        """Prepare to embed a voice."""
        ...

    def average_tones(self, weighted: Sequence[tuple[Tone, float]]) -> Tone:
        """Average embeddings of one voice, each with its clip's seconds."""
        ...

    def voice_warnings(self, waveform: Waveform) -> Iterable[str]:
        """Return codes of what makes a clip a poor target."""
        ...

    def conversion(
        self,
        source: Waveform,
        source_tone: Tone,
        target_tone: Tone,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> Conversion:
        """Prepare to convert a source."""
        ...

    def live(
        self,
        target_tone: Tone,
        *,
        latency: Latency = "balanced",
        source_tone: Tone | None = None,
        sample_rate_hz: int | None = None,
        chunk_frames: int | None = None,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> LiveConversion:
        """Prepare to convert speech while it is spoken."""
        ...
