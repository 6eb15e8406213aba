"""An engine that decodes like the real one and then only pretends: instant, and it can be held."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from runtime import Manifest, Tone, Waveform
from runtime.decode import decode_audio
from runtime.errors import SilentAudio
from runtime.limits import MAXIMUM_SECONDS
from runtime.live.window import Latency
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from runtime.resample import StreamResampler
from server.inference.engine import Engine

RATE_HZ = 22050
WINDOW_SAMPLES = RATE_HZ
GAIN = np.float32(0.5)

MANIFEST = Manifest(
    format=1,
    name="fake",
    variant="compact",
    model_id="0123456789ab",
    sample_rate_hz=RATE_HZ,
    fft_samples=1024,
    window_samples=1024,
    hop_samples=256,
    bins=513,
    tone_dimension=256,
    latent_channels=8,
    input_bandwidth_hz=8000,
    reference_frames=1024,
    minimum_reference_frames=24,
    context_frames=4,
    window_frames=86,
    precision="fp32",
    tau_curve=((0.0, 0.0), (1.0, 1.0)),
    opset=17,
    files={"tone_encoder.onnx": "0123", "tone_converter.onnx": "4567"},
    checkpoint_sha256=None,
    licence="MIT",
    provenance="made up",
    quality={},
)


class Gate:
    """Holds the engine's steps while it is shut; counts those that came to it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.arrived = threading.Semaphore(0)

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def wait_for_arrival(self) -> None:
        assert self.arrived.acquire(timeout=10), "no step came"

    def drain_arrivals(self) -> None:
        while self.arrived.acquire(blocking=False):
            pass

    def passed(self) -> None:
        self.arrived.release()
        assert self._open.wait(20), "the gate was never opened"


class FakeExtraction:
    """A tone that is the clip's loudness, in one step a second of audio."""

    def __init__(self, engine: FakeEngine, waveform: Waveform) -> None:
        self._engine = engine
        self._waveform = waveform
        self._steps = self._run()

    @property
    def tone(self) -> Tone:
        for _ in self:
            pass
        level = np.sqrt(np.mean(np.square(self._waveform)))
        return np.full(MANIFEST.tone_dimension, level, np.float32)

    def __iter__(self) -> Iterator[None]:
        return self._steps

    def _run(self) -> Iterator[None]:
        for _ in range(0, len(self._waveform), 10 * WINDOW_SAMPLES):
            self._engine.tone_steps += 1
            self._engine.gate.passed()
            yield


class FakeConversion:
    """The source at half its loudness, a window of a second a step."""

    def __init__(self, engine: FakeEngine, source: Waveform, seed: int) -> None:
        self.samples = len(source)
        self.seed = seed
        self._edges = sorted({*range(0, len(source), WINDOW_SAMPLES), len(source)})
        self.windows = self.pieces = len(self._edges) - 1
        self._engine = engine
        self._source = source

    def __iter__(self) -> Iterator[Waveform]:
        for index, (start, stop) in enumerate(zip(self._edges, self._edges[1:], strict=False)):
            self._engine.gate.passed()
            if self._engine.window_seconds:
                time.sleep(self._engine.window_seconds)
            if self._engine.fail_at_window == index:
                raise RuntimeError("the graph failed on /secret/path")
            self._engine.windows_done += 1
            yield self._source[start:stop] * GAIN


class FakeLive:
    """The speech at half its loudness, a chunk of 2048 samples a step."""

    chunk_samples = 2048

    def __init__(self, engine: FakeEngine, rate_hz: int, seed: int) -> None:
        self.seed = seed
        self.sample_rate_hz = RATE_HZ
        self.chunk_seconds = self.chunk_samples / RATE_HZ
        self.latency_seconds = self.chunk_seconds
        self.ended = False
        self._engine = engine
        self._resampler = StreamResampler(rate_hz, RATE_HZ)
        self._pending = np.zeros(0, np.float32)

    @property
    def ready(self) -> bool:
        return len(self._pending) >= (1 if self.ended else self.chunk_samples)

    def push(self, samples: Waveform) -> None:
        self._pending = np.concatenate([self._pending, self._resampler.push(samples)])

    def end(self) -> None:
        self._pending = np.concatenate([self._pending, self._resampler.finish()])
        self.ended = True

    def step(self) -> Waveform:
        self._engine.gate.passed()
        if self._engine.window_seconds:
            time.sleep(self._engine.window_seconds)
        if self._engine.fail_at_window == self._engine.live_steps:
            raise RuntimeError("the graph failed on /secret/path")
        self._engine.live_steps += 1
        chunk, self._pending = np.split(self._pending, [self.chunk_samples])
        return chunk * GAIN


class FakeEngine:
    """Stands in for `runtime.VoiceCloner`.

    Attributes:
        gate: Each step passes it.
        tone_steps: Encoder steps so far.
        windows_done: Windows so far.
        live_steps: Live steps so far.
        window_seconds: What a window takes.
        fail_at_window: The window of each conversion that raises.
        options: Of the latest conversion.
        tones: Source and target tone of the latest conversion.
    """

    def __init__(self) -> None:
        self.manifest = MANIFEST
        self.sample_rate_hz = RATE_HZ
        self.providers: tuple[str, ...] = ("CPUExecutionProvider",)
        self.gate = Gate()
        self.tone_steps = 0
        self.windows_done = 0
        self.live_steps = 0
        self.window_seconds = 0.0
        self.fail_at_window: int | None = None
        self.options: dict[str, float | int | None] = {}
        self.tones: tuple[Tone, Tone] | None = None
        self.warmed_up = False

    def warm_up(self) -> None:
        self.warmed_up = True

    def decode(
        self,
        data: bytes | bytearray | memoryview,
        *,
        minimum_seconds: float = 0.0,
        maximum_seconds: float = MAXIMUM_SECONDS,
    ) -> Waveform:
        return decode_audio(
            data, RATE_HZ, minimum_seconds=minimum_seconds, maximum_seconds=maximum_seconds
        )

    def tone_extraction(self, waveform: Waveform, *, allow_silent: bool = False) -> FakeExtraction:
        if not allow_silent and np.abs(waveform).max() < 1e-4:
            raise SilentAudio
        return FakeExtraction(self, waveform)

    def average_tones(self, weighted: Sequence[tuple[Tone, float]]) -> Tone:
        tones, weights = zip(*weighted, strict=True)
        return np.average(np.stack(tones), axis=0, weights=weights).astype(np.float32)

    def voice_warnings(self, waveform: Waveform) -> list[str]:
        return ["short"] if len(waveform) < 2 * RATE_HZ else []

    def conversion(
        self,
        source: Waveform,
        source_tone: Tone,
        target_tone: Tone,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> FakeConversion:
        self.options = {"tau": tau, "temperature": temperature, "seed": seed}
        self.tones = (source_tone, target_tone)
        return FakeConversion(self, source, 7 if seed is None else seed)

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
    ) -> FakeLive:
        self.options = {"tau": tau, "temperature": temperature, "seed": seed}
        self.tones = (target_tone if source_tone is None else source_tone, target_tone)
        return FakeLive(self, sample_rate_hz or RATE_HZ, 7 if seed is None else seed)


def as_engine(engine: FakeEngine) -> Engine:
    """See that the fake fits the protocol."""
    return engine
