"""Cloning with a loaded model: embed targets, convert sources, each step in its fair turn."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.decode import decode_audio
from runtime.encoding import Encoder, Encoding, open_encoder
from runtime.errors import AudioError
from runtime.live.window import Latency, LiveWindow
from runtime.marking.labelling import find_label
from runtime.resample import resampled_samples
from server.http import base64_text
from server.inference.engine import Conversion, Engine, LiveConversion
from server.inference.fair_pool import FairPool
from server.inference.live_admission import SessionCost, expect_cost
from server.inference.marking import Marking
from server.inference.request_account import (
    CONVERT,
    DECODE,
    ENCODE,
    PARSE,
    TONE,
    VERIFY,
    RequestAccount,
)
from server.inference.stored_voices import StoredVoices
from server.inference.tone_cache import EmbeddedClip, Lookup, ToneCache, average_clips
from server.inference.tone_text import read_tone
from server.messages.errors import from_runtime
from server.messages.requests import Clip, CloneRequest, LiveRequest, field_of
from server.messages.verification import Metadata, Verified, Watermark
from server.settings import Settings
from server.voices.store import VoiceStore

T = TypeVar("T")

_SOURCE_BYTES_A_SAMPLE = 4
"""float32."""
_RESULT_BYTES_A_SAMPLE = 2 + 2 + 3
"""16-bit PCM, once more as a file, and that in base64; compressed formats need less."""

_TRIAL_SECONDS = 2.0
_LIVE_TRIALS = 3


class CloningService:
    """A loaded model that serves many requests at once.

    Args:
        engine: The model.
        settings: Limits and numbers of threads.
        count_lookup: Called with the result of each lookup in the tone cache.
        voice_store: Keeps the clients' voices; None where the server stores none.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        count_lookup: Callable[[Lookup], None],
        voice_store: VoiceStore | None = None,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.marking = Marking.load(settings, engine.manifest.sample_rate_hz)
        self.inference = FairPool(settings.workers, "inference")
        self.real_time_factor = 0.0
        self._live_real_time_factor = 0.0
        self._codec = FairPool(settings.decoders, "codec")
        self._cache = ToneCache(settings.tone_cache_entries, count_lookup)
        self.voices = StoredVoices(
            voice_store, engine, self._cache, self.embed_target, self.embed_clip
        )

    def warm_up(self) -> None:
        """Run the model as requests and live steps will, and measure its real-time factors."""
        self.engine.warm_up()
        rate = self.engine.manifest.sample_rate_hz
        noise = np.random.default_rng(0).standard_normal(int(_TRIAL_SECONDS * rate))
        trial = (0.1 * noise).astype(np.float32)
        started = time.perf_counter()
        tone = self.engine.tone_extraction(trial).tone
        for _ in self.marking.mark(self.engine.conversion(trial, tone, tone, seed=0)):
            pass
        self.real_time_factor = (time.perf_counter() - started) / _TRIAL_SECONDS
        # A step is short and is neither embedded nor marked: it costs differently. The fastest run
        # tells the machine's speed; what other work takes of it is learnt from the steps.
        window = LiveWindow.of(self.engine.manifest, "low")
        step = trial[: window.frames * self.engine.manifest.hop_samples]
        taken = []
        for _ in range(_LIVE_TRIALS):
            started = time.perf_counter()
            for _ in self.engine.conversion(step, tone, tone, seed=0):
                pass
            taken.append(time.perf_counter() - started)
        self._live_real_time_factor = min(taken) * rate / len(step)

    async def run_parser(
        self, account: RequestAccount, parser: Callable[..., T], *arguments: Any
    ) -> T:
        """Parse a request's body off the event loop."""
        return await self._codec.run(account, PARSE, parser, *arguments)

    async def embed_target(self, account: RequestAccount, clip: Clip) -> EmbeddedClip:
        """Embed a target clip that a request sent; see `embed_clip`.

        Raises:
            ApiError: The clip cannot be used, or its sender may send no more for now.
        """
        embedded = await self.embed_clip(account, clip)
        account.add_audio_in(embedded.seconds)
        return embedded

    async def embed_clip(self, account: RequestAccount, clip: Clip) -> EmbeddedClip:
        """Return a clip's embedding, from the cache where it is known.

        Args:
            account: The account of the request that needs it.
            clip: The clip, whose bytes are released once they are decoded.

        Raises:
            ApiError: The clip cannot be used.
        """
        data = clip.take()
        key = await self._codec.run(account, PARSE, _digest, data)

        async def embed() -> EmbeddedClip:
            waveform = await self._codec.run(account, DECODE, self._decode_target, data)
            with account.lease.hold_more(waveform.nbytes):
                codes = await self._codec.run(account, DECODE, self.engine.voice_warnings, waveform)
                tone = await self._embed(account, waveform, allow_silent=False)
                return EmbeddedClip(tone, self._seconds(len(waveform)), tuple(codes))

        try:
            return await self._cache.get(key, embed)
        except AudioError as error:
            raise from_runtime(error, clip.param, clip.index) from error

    async def prepare(self, account: RequestAccount, request: CloneRequest) -> Conversion:
        """Do everything of a clone but the conversion; once it returns, the request is valid.

        Args:
            account: The request's account.
            request: The request, whose audio is released as soon as it is decoded.

        Raises:
            ApiError: A clip or the tone cannot be used, or there is no memory for the audio.
        """
        target_tone = await self._target_tone(account, request)
        clip = request.source_audio
        try:
            waveform = await self._codec.run(account, DECODE, self._decode_source, clip.take())
            account.lease.hold(self._bytes_needed(len(waveform), request))
            account.add_audio_in(self._seconds(len(waveform)))
            source_tone = await self._embed(account, waveform, allow_silent=True)
        except AudioError as error:
            raise from_runtime(error, clip.param, clip.index) from error
        conversion = self.engine.conversion(
            waveform,
            source_tone,
            target_tone,
            tau=request.tau,
            temperature=request.temperature,
            seed=request.seed,
        )
        return self.marking.mark(conversion)

    def expect_live_cost(self, latency: Latency) -> SessionCost:
        """Return what a live session of a preset is expected to cost."""
        return expect_cost(self.engine.manifest, latency, self._live_real_time_factor)

    async def prepare_live(
        self, account: RequestAccount, request: LiveRequest, chunk_frames: int
    ) -> LiveConversion:
        """Prepare a live conversion; once it returns, the first message is valid.

        Args:
            account: The session's account.
            request: The first message, whose audio is released as soon as it is decoded.
            chunk_frames: Frames that each step converts.

        Raises:
            ApiError: A clip or a tone cannot be used.
        """
        target_tone = await self._target_tone(account, request)
        source_tone = None
        if request.source_tone is not None:
            field = field_of(LiveRequest, "source_tone")
            source_tone = read_tone(request.source_tone, self.engine.manifest, field)
        elif request.source_audio is not None:
            source_tone = (await self.embed_target(account, request.source_audio)).tone
        return self.engine.live(
            target_tone,
            latency=request.latency,
            source_tone=source_tone,
            sample_rate_hz=request.sample_rate,
            chunk_frames=chunk_frames,
            tau=request.tau,
            temperature=request.temperature,
            seed=request.seed,
        )

    async def convert(
        self, account: RequestAccount, conversion: Conversion
    ) -> AsyncGenerator[Waveform]:
        """Run a conversion, one step a turn.

        Yields:
            Pieces of the result, [samples], in order.
        """
        steps = iter(conversion)
        while (piece := await self.inference.run(account, CONVERT, next, steps, None)) is not None:
            account.audio_out_seconds += self._seconds(len(piece))
            yield piece

    async def convert_to_blocks(
        self, account: RequestAccount, conversion: Conversion, encoding: Encoding
    ) -> AsyncGenerator[bytes]:
        """Run a conversion and encode each piece as it comes.

        Yields:
            Bytes of one file, a block for each piece of the conversion; a block may be empty.
        """
        rate_hz = self.engine.manifest.sample_rate_hz
        encoder = await self._codec.run(
            account, ENCODE, open_encoder, encoding, conversion.samples, rate_hz
        )
        encoder = self.marking.label(encoder, encoding.codec, account.request_id)
        account.mark = self.marking.kind(encoding.codec)
        left = conversion.pieces
        async with aclosing(self.convert(account, conversion)) as pieces:
            async for piece in pieces:
                left -= 1
                yield await self._codec.run(account, ENCODE, _encode, encoder, piece, left == 0)

    async def convert_to_file(
        self, account: RequestAccount, conversion: Conversion, encoding: Encoding
    ) -> bytearray:
        """Run a conversion and return the file that it is encoded in."""
        file = bytearray()
        async with aclosing(self.convert_to_blocks(account, conversion, encoding)) as blocks:
            async for block in blocks:
                file += block
        return file

    async def verify(self, account: RequestAccount, clip: Clip) -> Verified:
        """Read the marks of a file, a window of its audio a step.

        Args:
            account: The request's account.
            clip: The file, whose bytes are released once they are decoded.

        Raises:
            ApiError: The file cannot be used, or there is no memory for its audio.
        """
        data = clip.take()
        reader = await self._codec.run(account, DECODE, lambda: self.marking.reader)
        try:
            waveform = await self._codec.run(account, DECODE, self._decode_to_verify, data)
        except AudioError as error:
            raise from_runtime(error, clip.param, clip.index) from error
        label = await self._codec.run(account, DECODE, find_label, data)
        del data
        seconds = len(waveform) / reader.sample_rate_hz
        account.add_audio_in(seconds)
        with account.lease.hold_more(waveform.nbytes):
            steps, windows = iter(reader.windows(waveform)), []
            while window := await self.inference.run(account, VERIFY, next, steps, None):
                windows.append(window)
        return Verified(
            success=True,
            seconds=round(seconds, 3),
            watermark=Watermark.of(reader.judge(windows)),
            metadata=None if label is None else Metadata.of(label),
        )

    async def encode_base64(self, account: RequestAccount, data: bytes | bytearray) -> bytes:
        """Encode bytes as base64 off the event loop."""
        return await self._codec.run(account, ENCODE, base64_text.encode, data)

    def close(self) -> None:
        """Release the threads."""
        self.inference.close()
        self._codec.close()

    async def _target_tone(
        self, account: RequestAccount, request: CloneRequest | LiveRequest
    ) -> Tone:
        if request.target_tone is not None:
            field = field_of(type(request), "target_tone")
            return read_tone(request.target_tone, self.engine.manifest, field)
        if request.target_voice is not None:
            return await self.voices.mix(account, request.target_voice)
        clips = [await self.embed_target(account, clip) for clip in request.target_audio or ()]
        return average_clips(self.engine, clips)

    async def _embed(self, account: RequestAccount, waveform: Waveform, allow_silent: bool) -> Tone:
        extraction = self.engine.tone_extraction(waveform, allow_silent=allow_silent)
        steps = iter(extraction)
        while await self.inference.run(account, TONE, _run_step, steps):
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

    def _decode_to_verify(self, data: bytes | bytearray | memoryview) -> Waveform:
        rate_hz = self.marking.reader.sample_rate_hz
        return decode_audio(data, rate_hz, maximum_seconds=self.settings.source_seconds)

    def _bytes_needed(self, samples: int, request: CloneRequest) -> int:
        rate_hz = self.engine.manifest.sample_rate_hz
        result = resampled_samples(samples, rate_hz, request.sample_rate or rate_hz)
        return _SOURCE_BYTES_A_SAMPLE * samples + _RESULT_BYTES_A_SAMPLE * result

    def _seconds(self, samples: int) -> float:
        return samples / self.engine.manifest.sample_rate_hz


def _digest(data: bytes | bytearray | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


def _run_step(steps: Iterator[None]) -> bool:
    return next(steps, _run_step) is not _run_step


def _encode(encoder: Encoder, piece: Waveform, is_last: bool) -> bytes:
    data = encoder.encode(piece)
    return data + encoder.finish() if is_last else data
