"""The asynchronous client: the same calls, awaited."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Unpack

import httpx

from client.audio import Audio, Segment, pcm_of, segments
from client.connection import RETRY_STATUSES, http_options, reaching, retry_delay_seconds
from client.protocol import (
    CloneOptions,
    Target,
    answer_of,
    clone_body,
    clone_result,
    held,
    tone_body,
    tone_result,
)
from client.results import CloneResult, Piece, StreamHead, ToneResult
from client.stream import StreamReader, stream_head


class AsyncStream:
    """A conversion that is under way: `async for` over it for its pieces.

    Attributes:
        head: format and totals.
    """

    def __init__(self, head: StreamHead, pieces: AsyncIterator[Piece]) -> None:
        self.head = head
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[Piece]:
        return self._pieces


class AsyncClient:
    """Talks to one server from an event loop. Close it, or use it in an `async with`.

    Args:
        server: its address, such as `http://localhost:5000`.
        api_key: the key, where the server asks for one.
        timeout_seconds: longest wait for the next byte of an answer.
        retries: how often a request is sent again after 429 or 503, each time after as long as
            the server asks.
        language: of error messages, as Accept-Language: `en` or `zh`.
        transport: what carries the requests, for tests.
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
        """Return /api/health."""
        return answer_of(await self._send("GET", "/api/health"))

    async def info(self) -> dict[str, Any]:
        """Return /api/info: the loaded model, its providers and the server's limits."""
        return answer_of(await self._send("GET", "/api/info"))

    async def tone(self, audio: Audio) -> ToneResult:
        """Take the tone of a voice, to be used as `target` without sending its audio again."""
        body = await asyncio.to_thread(tone_body, audio)
        return tone_result(await self._send("POST", "/api/tone", body))

    async def clone(
        self,
        target: Target,
        source: Audio,
        **options: Unpack[CloneOptions],
    ) -> CloneResult:
        """Convert a source to the target's voice; arguments and errors as `Client.clone`."""
        body = await asyncio.to_thread(clone_body, target, source, options)
        return clone_result(await self._send("POST", "/api/clone", body))

    @asynccontextmanager
    async def clone_stream(
        self,
        target: Target,
        source: Audio,
        *,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> AsyncIterator[AsyncStream]:
        """Get the pieces of a long source as they are ready; see `Client.clone_stream`."""
        body = await asyncio.to_thread(clone_body, target, source, options)
        with reaching(self.server):
            response = await self._respond("POST", "/api/clone/stream", body, stream=True)
            try:
                if response.status_code != 200:
                    await response.aread()
                    answer_of(response)
                lines = response.aiter_lines()
                head = stream_head(await anext(lines, ""))
                yield AsyncStream(head, self._pieces(StreamReader(head), lines, progress))
            finally:
                await response.aclose()

    async def clone_segments(
        self,
        target: Target,
        source: Audio,
        *,
        segment_seconds: float = 10.0,
        concurrency: int = 4,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> AsyncIterator[bytes]:
        """Convert a source of any length piece by piece; see `Client.clone_segments`.

        At most `concurrency` pieces are on their way at a time; they are yielded in order.
        """
        voice = await asyncio.to_thread(held, target)

        async def convert(segment: Segment) -> bytes:
            result = await self.clone(voice, segment.wav, **options)
            return pcm_of(result.wav)[0]

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

    async def _send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        with reaching(self.server):
            return await self._respond(method, path, body, stream=False)

    async def _respond(
        self, method: str, path: str, body: bytes | None, stream: bool
    ) -> httpx.Response:
        attempt = 0
        while True:
            request = self._http.build_request(method, path, content=body)
            response = await self._http.send(request, stream=stream)
            if response.status_code not in RETRY_STATUSES or attempt >= self._retries:
                return response
            await response.aclose()
            await asyncio.sleep(retry_delay_seconds(response, attempt))
            attempt += 1
