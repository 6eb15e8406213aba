"""The synchronous client."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Unpack

import httpx
from websockets.sync.client import ClientConnection, connect

from client import calls, live
from client.audio import Audio, pcm_of, segments
from client.calls import Answer, Call
from client.connection import http_options, reaching, retry_delay_seconds
from client.errors import Unreachable
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
from client.voices import Voices


class Stream:
    """A conversion in progress; iterate over it for its pieces.

    Args:
        head: Format and totals of the stream.
        pieces: Pieces in order.

    Attributes:
        head: Format and totals of the stream.
    """

    def __init__(self, head: StreamHead, pieces: Iterator[Piece]) -> None:
        self.head = head
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        return self._pieces


class LiveSession:
    """A live session: samples are sent as they are spoken, and come back converted.

    One thread may send while another iterates; `convert` does both.

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

    def send(self, pcm: bytes) -> None:
        """Send whole samples; it waits while the server takes no more."""
        with live.opening(self._server):
            self._connection.send(pcm)

    def end(self) -> None:
        """Say that no more follows; what is left comes back."""
        with live.opening(self._server):
            self._connection.send(live.END)

    def __iter__(self) -> Iterator[bytes]:
        """Yield 16-bit PCM as it comes, until all of it has."""
        with live.opening(self._server):
            while isinstance(message := self._connection.recv(), bytes):
                yield message
            self.stats = live.read_done(message)

    def convert(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Send blocks from a thread and yield what comes back.

        Args:
            blocks: Whole samples, in blocks of any length.

        Raises:
            ApiError: The session failed.
            Unreachable: The connection broke.
        """
        failures: list[BaseException] = []

        def send_all() -> None:
            try:
                for block in blocks:
                    self.send(block)
                self.end()
            except Unreachable:
                pass  # whoever reads is told why
            except BaseException as error:
                failures.append(error)
                self._connection.close()

        sender = threading.Thread(target=send_all, daemon=True)
        sender.start()
        try:
            yield from self
        except Unreachable:
            if failures:
                raise failures[0] from None
            raise


class Client:
    """Client of one server. Threads may share it; close it, or use it in a `with`.

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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server = server
        self.voices = Voices(self._send)
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
        """Get /api/health."""
        return self._send(calls.health())

    def info(self) -> dict[str, Any]:
        """Get /api/info: the loaded model, its providers and the server's limits."""
        return self._send(calls.info())

    def tone(self, audio: Audio) -> ToneResult:
        """Get the tone of a voice, which later calls take as a target in place of its audio."""
        return self._send(calls.tone(audio))

    def verify(self, audio: Audio) -> VerifyResult:
        """Tell whether a file is marked as generated, by watermark or metadata."""
        return self._send(calls.verify(audio))

    def clone(
        self, target: Target | None, source: Audio, **options: Unpack[OutputOptions]
    ) -> CloneResult:
        """Convert a source to the target's voice in one request.

        Args:
            target: Voice to imitate: a clip, several clips of one speaker, a tone or a stored
                voice; None with the option `target_voice`.
            source: Speech to convert.
            options: Values of `tau`, `temperature`, `seed`, `target_voice`, `format` and
                `sample_rate`, see
                `OutputOptions`.

        Raises:
            ApiError: The server refused the request or failed.
            UnreadableAudio: A local file cannot be read.
            Unreachable: The connection failed or broke.
            UnexpectedAnswer: The answer is not one of this API.
        """
        return self._send(calls.clone(target, source, options))

    @contextmanager
    def clone_stream(
        self,
        target: Target | None,
        source: Audio,
        *,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> Iterator[Stream]:
        """Convert a long source in one request and receive its pieces as they are ready.

        Use it in a `with`; leaving that early tells the server to stop. Arguments and errors are
        those of `clone`; an error may also come between two pieces.

        Args:
            target: Voice to imitate.
            source: Speech to convert.
            progress: Function that is called after each piece with the share of the source that
                is done, in (0, 1].
            options: Values of `tau`, `temperature`, `seed` and `target_voice`.
        """
        with self._opened(calls.clone_stream(target, source, options)) as response:
            lines = response.iter_lines()
            head = stream_head(next(lines, ""))
            yield Stream(head, self._pieces(StreamReader(head), lines, progress))

    @contextmanager
    def clone_encoded(
        self, target: Target | None, source: Audio, **options: Unpack[OutputOptions]
    ) -> Iterator[Iterator[bytes]]:
        """Convert a long source in one request and receive one audio file while it is made.

        Use it in a `with`; leaving that early tells the server to stop. Arguments and errors are
        those of `clone`; a failure half way is `Unreachable`.

        Yields:
            Iterator over the file's bytes, in blocks.
        """
        with self._opened(calls.clone_encoded(target, source, options)) as response:
            yield response.iter_bytes()

    @contextmanager
    def live(
        self,
        target: Target | None,
        *,
        speaker: Audio | ToneResult | None = None,
        **options: Unpack[LiveOptions],
    ) -> Iterator[LiveSession]:
        """Open a live session. Use it in a `with`; leaving that early ends the session.

        Args:
            target: Voice to imitate.
            speaker: Voice that will speak, as a clip or a tone; without it, the server works its
                tone out within seconds of speech.
            options: Values of `tau`, `temperature`, `seed`, `target_voice`, `sample_rate`,
                `format` and `latency`,
                see `LiveOptions`.

        Raises:
            ApiError: The server refused the session; `Overloaded` if it has no place for it.
            UnreadableAudio: A local file cannot be read.
            Unreachable: The connection failed or broke.
        """
        message = live.start_message(target, speaker, options)
        with live.opening(self.server):
            connection = connect(**live.connect_options(self._http.base_url, self._http.headers))
        with connection:
            with live.opening(self.server):
                connection.send(message)
                ready = live.read_ready(connection.recv())
            yield LiveSession(connection, self.server, ready)

    def clone_segments(
        self,
        target: Target | None,
        source: Audio,
        *,
        segment_seconds: float = 10.0,
        progress: Callable[[float], None] | None = None,
        **options: Unpack[CloneOptions],
    ) -> Iterator[bytes]:
        """Convert a source of any length in pieces, with one request for each.

        This is for sources beyond the server's limit: they are read as they are sent, so memory
        use stays constant. Each piece is converted from a source tone of its own; within the
        limit, `clone_stream` gives a steadier voice.

        Args:
            target: Voice to imitate.
            source: Speech to convert.
            segment_seconds: Length of each piece but the last.
            progress: Function that is called after each piece with the share of the source that
                is done, in (0, 1].
            options: Values of `tau`, `temperature`, `seed` and `target_voice`.

        Yields:
            Samples of each piece: 16-bit, little-endian, mono, at the server's sample rate.
            Joined, they are as long as the source.

        Raises:
            ClientError: The errors of `clone`; `UnreadableAudio` also for a source that cannot be
                cut.
        """
        voice = load_target(target)
        for segment in segments(source, segment_seconds):
            result = self.clone(voice, segment.wav, **options)
            yield pcm_of(result.audio)[0]
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

    @contextmanager
    def _opened(self, call: Call[Any]) -> Iterator[httpx.Response]:
        """Send a call and give its answer while it arrives; a refusal is raised."""
        body = call.body()
        with reaching(self.server):
            response = self._respond(call, body, stream=True)
            try:
                if response.status_code != 200:
                    response.read()
                    call.parse(response)
                yield response
            finally:
                response.close()

    def _send(self, call: Call[Answer]) -> Answer:
        body = call.body()
        with reaching(self.server):
            return call.parse(self._respond(call, body, stream=False))

    def _respond(self, call: Call[Any], body: bytes | None, stream: bool) -> httpx.Response:
        for attempt in itertools.count():
            request = self._http.build_request(
                call.method, call.path, content=body, headers=trace_headers()
            )
            response = self._http.send(request, stream=stream)
            delay = retry_delay_seconds(response, attempt, self._retries)
            if delay is None:
                break
            response.close()
            time.sleep(delay)
        return response
