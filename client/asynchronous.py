"""The asynchronous client."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Unpack

import httpx
from websockets.asyncio.client import ClientConnection, connect

from client import calls, live
from client.audio import Audio, Segment, pcm_of, segments
from client.calls import Answer, Call
from client.connection import http_options, reaching, retry_delay_seconds
from client.live import LiveOptions
from client.protocol import CloneOptions, OutputOptions, Target, load_target
from client.results import (
    CloneResult,
    LiveReady,
    LiveStats,
    Piece,
    StreamHead,
    ToneResult,
    VerifyResult,
)
from client.stream import StreamReader, stream_head
from client.tracing import trace_headers
from client.voices import AsyncVoices


class AsyncStream:
    """A conversion in progress; iterate over it with `async for` for its pieces.

    Args:
        head: Format and totals of the stream.
        pieces: Pieces in order.

    Attributes:
        head: Format and totals of the stream.
    """

    def __init__(self, head: StreamHead, pieces: AsyncIterator[Piece]) -> None:
        self.head = head
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[Piece]:
        return self._pieces


class AsyncLiveSession:
    """A live session: samples are sent as they are spoken, and come back converted.

    One task may send while another iterates.

    Args:
        connection: Open WebSocket.
        server: Address of the server, for errors.
        ready: What the server said.

    Attributes:
        ready: Sample rate and latency of the session.
        stats: What the server said at the end; None before.
    """

    def __init__(self, connection: ClientConnection, server: str, ready: LiveReady) -> None:
        self.ready = ready
        self.stats: LiveStats | None = None
        self._connection = connection
        self._server = server

    async def send(self, pcm: bytes) -> None:
        """Send whole samples; it waits while the server takes no more."""
        with live.opening(self._server):
            await self._connection.send(pcm)

    async def end(self) -> None:
        """Say that no more follows; what is left comes back."""
        with live.opening(self._server):
            await self._connection.send(live.END)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield 16-bit PCM as it comes, until all of it has."""
        with live.opening(self._server):
            while isinstance(message := await self._connection.recv(), bytes):
                yield message
            self.stats = live.read_done(message)


class AsyncClient:
    """Client of one server for an event loop. Close it, or use it in an `async with`.

    Its methods are those of `Client`, awaited. Files are read in a thread.

    Args:
        server: Address of the server, such as `http://localhost:5000`.
        api_key: API key, where the server asks for one.
        timeout_seconds: Longest wait for the next byte of an answer.
        retries: Number of times that a request is sent again after status 429 or 503. The wait
            before each is what the server asks for.
        language: Language of error messages, as Accept-Language: `en` or `zh`.
        transport: Transport of the requests, for tests.

    Attributes:
        voices: Voices that the server stores.
    """

    def __init__(
        self,
        server: str,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 330.0,
        retries: int = 5,
        language: str = "en",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.server = server
        self.voices = AsyncVoices(self._send)
        self._retries = retries
        options = http_options(server, api_key, timeout_seconds, language)
        with reaching(server):
            self._http = httpx.AsyncClient(transport=transport, **options)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def health(self) -> dict[str, Any]:
        """Get /api/health."""
        return await self._send(calls.health())

    async def info(self) -> dict[str, Any]:
        """Get /api/info: the loaded model, its providers and the server's limits."""
        return await self._send(calls.info())

    async def tone(self, audio: Audio) -> ToneResult:
        """Get the tone of a voice, which later calls take as a target in place of its audio."""
        return await self._send(calls.tone(audio))

    async def verify(self, audio: Audio) -> VerifyResult:
        """Tell whether a file is marked as generated, by watermark or metadata."""
        return await self._send(calls.verify(audio))

    async def clone(
        self, target: Target | None, source: Audio, **options: Unpack[OutputOptions]
    ) -> CloneResult:
        """Convert a source to the target's voice in one request; see `Client.clone`."""
        return await self._send(calls.clone(target, source, options))

    @asynccontextmanager
    async def clone_stream(
        self,
        target: Target | None,
        source: Audio,
        *,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> AsyncIterator[AsyncStream]:
        """Convert a long source and receive its pieces as they are ready.

        See `Client.clone_stream`.
        """
        async with self._opened(calls.clone_stream(target, source, options)) as response:
            lines = response.aiter_lines()
            head = stream_head(await anext(lines, ""))
            yield AsyncStream(head, self._pieces(StreamReader(head), lines, progress))

    @asynccontextmanager
    async def clone_encoded(
        self, target: Target | None, source: Audio, **options: Unpack[OutputOptions]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Convert a long source and receive one audio file while it is made.

        See `Client.clone_encoded`.
        """
        async with self._opened(calls.clone_encoded(target, source, options)) as response:
            yield response.aiter_bytes()

    @asynccontextmanager
    async def live(
        self,
        target: Target | None,
        *,
        speaker: Audio | ToneResult | None = None,
        **options: Unpack[LiveOptions],
    ) -> AsyncIterator[AsyncLiveSession]:
        """Open a live session; arguments and errors are those of `Client.live`."""
        message = await asyncio.to_thread(live.start_message, target, speaker, options)
        with live.opening(self.server):
            connection = await connect(
                **live.connect_options(self._http.base_url, self._http.headers)
            )
        async with connection:
            with live.opening(self.server):
                await connection.send(message)
                ready = live.read_ready(await connection.recv())
            yield AsyncLiveSession(connection, self.server, ready)

    async def clone_segments(
        self,
        target: Target | None,
        source: Audio,
        *,
        segment_seconds: float = 10.0,
        concurrency: int = 4,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> AsyncIterator[bytes]:
        """Convert a source of any length in pieces, several at a time; they come in order.

        See `Client.clone_segments`.

        Args:
            target: Voice to imitate.
            source: Speech to convert.
            segment_seconds: Length of each piece but the last.
            concurrency: Largest number of requests in flight.
            progress: Function that is called after each piece with the share of the source that
                is done, in (0, 1].
            options: Values of `tau`, `temperature`, `seed` and `target_voice`.
        """
        voice = await asyncio.to_thread(load_target, target)

        async def convert(segment: Segment) -> bytes:
            result = await self.clone(voice, segment.wav, **options)
            return pcm_of(result.audio)[0]

        cut = segments(source, segment_seconds)
        waiting: deque[tuple[Segment, asyncio.Task[bytes]]] = deque()
        try:
            while True:
                while len(waiting) < concurrency:
                    segment = await asyncio.to_thread(next, cut, None)
                    if segment is None:
                        break
                    waiting.append((segment, asyncio.create_task(convert(segment))))
                if not waiting:
                    return
                segment, task = waiting.popleft()
                yield await task
                if progress:
                    progress(segment.progress)
        finally:
            for _, task in waiting:
                task.cancel()
            await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)

    async def _pieces(
        self,
        reader: StreamReader,
        lines: AsyncIterator[str],
        progress: Callable[[float], None] | None,
    ) -> AsyncIterator[Piece]:
        with reaching(self.server):
            async for line in lines:
                piece = reader.read(line)
                if piece is not None:
                    yield piece
                    if progress:
                        progress(piece.progress)
            reader.check_complete()

    @asynccontextmanager
    async def _opened(self, call: Call[Any]) -> AsyncIterator[httpx.Response]:
        """Send a call and give its answer while it arrives; a refusal is raised."""
        body = await asyncio.to_thread(call.body)
        with reaching(self.server):
            response = await self._respond(call, body, stream=True)
            try:
                if response.status_code != 200:
                    await response.aread()
                    call.parse(response)
                yield response
            finally:
                await response.aclose()

    async def _send(self, call: Call[Answer]) -> Answer:
        body = await asyncio.to_thread(call.body)
        with reaching(self.server):
            return call.parse(await self._respond(call, body, stream=False))

    async def _respond(self, call: Call[Any], body: bytes | None, stream: bool) -> httpx.Response:
        for attempt in itertools.count():
            request = self._http.build_request(
                call.method, call.path, content=body, headers=trace_headers()
            )
            response = await self._http.send(request, stream=stream)
            delay = retry_delay_seconds(response, attempt, self._retries)
            if delay is None:
                break
            await response.aclose()
            await asyncio.sleep(delay)
        return response
