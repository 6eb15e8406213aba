"""The work itself: audio to tones to audio, every step in its turn on threads of its own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from runtime import wav
from runtime.arrays import Tone, Waveform
from runtime.errors import AudioError
from server import base64_audio, tone_token
from server.engine import Conversion, Engine
from server.errors import ApiError
from server.fair_pool import FairPool
from server.job import Job
from server.metrics import Metrics
from server.payload import Clip, ClonePayload
from server.settings import Settings
from server.timings import CONVERT, DECODE, ENCODE, PARSE, TONE
from server.tone_cache import ToneCache, Voice

T = TypeVar("T")

_BYTES_A_SAMPLE = 4 + 2 + 2 + 3
"""float32 in; 16-bit PCM out, once more as a WAV file, and that in base64."""

_TRIAL_SECONDS = 2.0


class Studio:
    """A loaded model at work for many requests.

    Args:
        engine: The model.
        settings: Limits and numbers of threads.
        metrics: Told of the tone cache.
    """

    def __init__(self, engine: Engine, settings: Settings, metrics: Metrics) -> None:
        self.engine = engine
        self.settings = settings
        self.inference = FairPool(settings.workers, "inference")
        self.real_time_factor = 0.0
        self._codec = FairPool(settings.decoders, "codec")
        self._cache = ToneCache(settings.tone_cache_entries, metrics.lookup)

    def warm_up(self) -> None:
        """Run the engine as requests will, and measure its real-time factor."""
        self.engine.warm_up()
        rate = self.engine.manifest.sample_rate_hz
        noise = np.random.default_rng(0).standard_normal(int(_TRIAL_SECONDS * rate))
        trial = (0.1 * noise).astype(np.float32)
        started = time.perf_counter()
        tone = self.engine.tone_extraction(trial).tone
        for _ in self.engine.conversion(trial, tone, tone, seed=0):
            pass
        self.real_time_factor = (time.perf_counter() - started) / _TRIAL_SECONDS

    async def parse(self, job: Job, parser: Callable[..., T], *arguments: Any) -> T:
        """Parse a request's body off the event loop."""
        return await self._codec.run(job, PARSE, parser, *arguments)

    async def voice(self, job: Job, clip: Clip) -> Voice:
        """Work out a target's tone, or remember it.

        Raises:
            ApiError: The clip cannot be used.
        """
        data = clip.take()
        key = await self._codec.run(job, PARSE, _digest, data)

        async def work_out() -> Voice:
            waveform = await self._codec.run(job, DECODE, self._decode_target, data)
            with job.lease.more(waveform.nbytes):
                return await examine(waveform)

        async def examine(waveform: Waveform) -> Voice:
            warnings = await self._codec.run(job, DECODE, self.engine.voice_warnings, waveform)
            tone = await self._extract(job, waveform, allow_silent=False)
            return Voice(tone, self._seconds(len(waveform)), tuple(warnings))

        try:
            voice = await self._cache.get(key, work_out)
        except AudioError as error:
            raise ApiError.from_runtime(error, clip.param, clip.place) from error
        job.audio_in_seconds += voice.seconds
        return voice

    async def begin(self, job: Job, payload: ClonePayload) -> Conversion:
        """Do all of a clone but the conversion: when this returns, the request is sound.

        Args:
            job: The request.
            payload: What it asks for; its audio is let go of as soon as it is decoded.

        Raises:
            ApiError: A clip or the tone cannot be used, or there is no memory for the audio.
        """
        target_tone = await self._target_tone(job, payload)
        clip = payload.source
        try:
            waveform = await self._codec.run(job, DECODE, self._decode_source, clip.take())
            job.lease.hold(_BYTES_A_SAMPLE * len(waveform))
            source_tone = await self._extract(job, waveform, allow_silent=True)
        except AudioError as error:
            raise ApiError.from_runtime(error, clip.param, clip.place) from error
        job.audio_in_seconds += self._seconds(len(waveform))
        return self.engine.conversion(
            waveform,
            source_tone,
            target_tone,
            tau=payload.tau,
            temperature=payload.temperature,
            seed=payload.seed,
        )

    async def pieces(self, job: Job, conversion: Conversion) -> AsyncGenerator[bytes]:
        """Convert, one window a turn.

        Yields:
            16-bit PCM, in order.
        """
        steps = iter(conversion)
        while piece := await self.inference.run(job, CONVERT, _next_piece, steps):
            job.audio_out_seconds += self._seconds(len(piece) // 2)
            yield piece

    async def wav(self, job: Job, conversion: Conversion) -> bytearray:
        """Convert to a WAV file."""
        file = bytearray(wav.header(conversion.samples, self.engine.manifest.sample_rate_hz))
        async for piece in self.pieces(job, conversion):
            file += piece
        return file

    async def base64(self, job: Job, data: bytes | bytearray) -> bytes:
        """Encode bytes as base64 off the event loop."""
        return await self._codec.run(job, ENCODE, base64_audio.encode, data)

    def close(self) -> None:
        """Let go of the threads."""
        self.inference.close()
        self._codec.close()

    async def _target_tone(self, job: Job, payload: ClonePayload) -> Tone:
        if payload.target_tone is not None:
            return tone_token.parse(payload.target_tone, self.engine.manifest)
        voices = [await self.voice(job, clip) for clip in payload.targets]
        if len(voices) == 1:
            return voices[0].tone
        return self.engine.average_tones([(voice.tone, voice.seconds) for voice in voices])

    async def _extract(self, job: Job, waveform: Waveform, allow_silent: bool) -> Tone:
        extraction = self.engine.tone_extraction(waveform, allow_silent=allow_silent)
        steps = iter(extraction)
        while await self.inference.run(job, TONE, _step, steps):
            pass
        return extraction.tone

    def _decode_target(self, data: bytes | bytearray | memoryview) -> Waveform:
        return self.engine.decode(
            data,
            minimum_seconds=self.settings.target_minimum_seconds,
            maximum_seconds=self.settings.target_maximum_seconds,
        )

    def _decode_source(self, data: bytes | bytearray | memoryview) -> Waveform:
        return self.engine.decode(data, maximum_seconds=self.settings.source_seconds)

    def _seconds(self, samples: int) -> float:
        return samples / self.engine.manifest.sample_rate_hz


def _digest(data: bytes | bytearray | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


def _step(steps: Iterator[None]) -> bool:
    return next(steps, _step) is not _step


def _next_piece(steps: Iterator[Waveform]) -> bytes:
    piece = next(steps, None)
    return b"" if piece is None else wav.pcm16(piece)
