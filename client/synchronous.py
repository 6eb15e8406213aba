"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import httpx

from client.audio import Audio, pcm_of, segments
from client.errors import Unreachable
from client.protocol import (
    RETRY_STATUSES,
    Target,
    answer_of,
    clone_body,
    clone_result,
    http_options,
    retry_delay_seconds,
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
        *,
        tau: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> CloneResult:
        """Convert a source to the target's voice in one request.

        Args:
            target: whom to sound like: a clip, several clips of one speaker, or a tone.
            source: what to convert.
            tau: how strongly, 0 to 1; None for the server's default.
            temperature: of the noise, 0 to 1; None for the server's default.
            seed: repeats the noise of an earlier request; None for a fresh draw.

        Raises:
            ApiError: the server refused or failed.
            UnreadableAudio: a local file cannot be read.
            Unreachable: no connection, or it broke.
            UnexpectedAnswer: the answer is none of this API.
        """
        body = clone_body(target, source, tau, temperature, seed)
        return clone_result(self._send("POST", "/api/clone", body))

    @contextmanager
    def clone_stream(
        self,
        target: Target,
        source: Audio,
        *,
        tau: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[Stream]:
        """Convert a long source in one request and get its pieces as they are ready.

        Use it in a `with`; leaving that early tells the server to stop. Arguments and errors are
        those of `clone`; an error may also come between pieces.

        Args:
            target: see `clone`.
            source: see `clone`.
            tau: see `clone`.
            temperature: see `clone`.
            seed: see `clone`.
            progress: called with the share that is done, in (0, 1], after each piece.
        """
        body = clone_body(target, source, tau, temperature, seed)
        with self._reaching():
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
        tau: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Iterator[bytes]:
        """Convert a source of any length piece by piece, a request each, and yield their samples.

        For what is longer than the server's limit. The source is read as it goes, so memory stays
        flat. Each piece has a tone of its own source; within the limit, `clone_stream` is better.

        Args:
            target: see `clone`.
            source: see `clone`.
            segment_seconds: length of each piece but the last.
            tau: see `clone`.
            temperature: see `clone`.
            seed: see `clone`.
            progress: called with the share that is done, in (0, 1], after each piece.

        Yields:
            16-bit little-endian mono samples at the server's sample rate; joined, they are as
            long as the source.

        Raises:
            ClientError: as `clone`; UnreadableAudio also where the source cannot be cut.
        """
        for segment in segments(source, segment_seconds):
            result = self.clone(target, segment.wav, tau=tau, temperature=temperature, seed=seed)
            yield pcm_of(result.wav)[0]
            if progress:
                progress(segment.progress)

    def _pieces(
        self,
        reader: StreamReader,
        lines: Iterator[str],
        progress: Callable[[float], None] | None,
    ) -> Iterator[Piece]:
        with self._reaching():
            for line in lines:
                piece = reader.read(line)
                if piece is not None:
                    yield piece
                    if progress:
                        progress(piece.progress)
            reader.check_complete()

    def _send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        with self._reaching():
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

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(self.server, str(error) or type(error).__name__) from error
