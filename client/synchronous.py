"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Unpack

import httpx

from client.audio import Audio, pcm_of, segments
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


class Stream:
    """A conversion that is under way: iterate over it for its pieces.

    Attributes:
        head: format and totals.
    """

    def __init__(self, head: StreamHead, pieces: Iterator[Piece]) -> None:
        self.head = head
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        return self._pieces


class Client:
    """Talks to one server. Safe to share between threads; close it, or use it in a `with`.

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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server = server
        self._retries = retries
        options = http_options(server, api_key, timeout_seconds, language)
        with reaching(server):
            self._http = httpx.Client(transport=transport, **options)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, Any]:
        """Return /api/health."""
        return answer_of(self._send("GET", "/api/health"))

    def info(self) -> dict[str, Any]:
        """Return /api/info: the loaded model, its providers and the server's limits."""
        return answer_of(self._send("GET", "/api/info"))

    def tone(self, audio: Audio) -> ToneResult:
        """Take the tone of a voice, to be used as `target` without sending its audio again."""
        return tone_result(self._send("POST", "/api/tone", tone_body(audio)))

    def clone(
        self,
        target: Target,
        source: Audio,
        **options: Unpack[CloneOptions],
    ) -> CloneResult:
        """Convert a source to the target's voice in one request.

        Args:
            target: whom to sound like: a clip, several clips of one speaker, or a tone.
            source: what to convert.
            options: tau, temperature and seed, see `CloneOptions`.

        Raises:
            ApiError: the server refused or failed.
            UnreadableAudio: a local file cannot be read.
            Unreachable: no connection, or it broke.
            UnexpectedAnswer: the answer is none of this API.
        """
        body = clone_body(target, source, options)
        return clone_result(self._send("POST", "/api/clone", body))

    @contextmanager
    def clone_stream(
        self,
        target: Target,
        source: Audio,
        *,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> Iterator[Stream]:
        """Convert a long source in one request and get its pieces as they are ready.

        Use it in a `with`; leaving that early tells the server to stop. Arguments and errors are
        those of `clone`; an error may also come between pieces.

        Args:
            target: see `clone`.
            source: see `clone`.
            progress: called with the share that is done, in (0, 1], after each piece.
            options: see `clone`.
        """
        body = clone_body(target, source, options)
        with reaching(self.server):
            response = self._respond("POST", "/api/clone/stream", body, stream=True)
            try:
                if response.status_code != 200:
                    response.read()
                    answer_of(response)
                lines = response.iter_lines()
                head = stream_head(next(lines, ""))
                yield Stream(head, self._pieces(StreamReader(head), lines, progress))
            finally:
                response.close()

    def clone_segments(
        self,
        target: Target,
        source: Audio,
        *,
        segment_seconds: float = 10.0,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> Iterator[bytes]:
        """Convert a source of any length piece by piece, a request each, and yield their samples.

        For what is longer than the server's limit. The source is read as it goes, so memory stays
        flat. Each piece has a tone of its own source; within the limit, `clone_stream` is better.

        Args:
            target: see `clone`.
            source: see `clone`.
            segment_seconds: length of each piece but the last.
            progress: called with the share that is done, in (0, 1], after each piece.
            options: see `clone`.

        Yields:
            16-bit little-endian mono samples at the server's sample rate; joined, they are as
            long as the source.

        Raises:
            ClientError: as `clone`; UnreadableAudio also where the source cannot be cut.
        """
        voice = held(target)
        for segment in segments(source, segment_seconds):
            result = self.clone(voice, segment.wav, **options)
            yield pcm_of(result.wav)[0]
            if progress:
                progress(segment.progress)

    def _pieces(
        self,
        reader: StreamReader,
        lines: Iterator[str],
        progress: Callable[[float], None] | None,
    ) -> Iterator[Piece]:
        with reaching(self.server):
            for line in lines:
                piece = reader.read(line)
                if piece is not None:
                    yield piece
                    if progress:
                        progress(piece.progress)
            reader.check_complete()

    def _send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        with reaching(self.server):
            return self._respond(method, path, body, stream=False)

    def _respond(self, method: str, path: str, body: bytes | None, stream: bool) -> httpx.Response:
        attempt = 0
        while True:
            request = self._http.build_request(method, path, content=body)
            response = self._http.send(request, stream=stream)
            if response.status_code not in RETRY_STATUSES or attempt >= self._retries:
                return response
            response.close()
            time.sleep(retry_delay_seconds(response, attempt))
            attempt += 1
