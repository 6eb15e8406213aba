"""Messages of a live session, for both kinds of client, and how its connection is opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypedDict

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from client.audio import Audio, encode
from client.connection import CONNECT_TIMEOUT_SECONDS
from client.errors import UnexpectedAnswer, Unreachable
from client.protocol import Target, TargetVoice, error_of, parse_object, target_fields
from client.results import LiveReady, LiveStats, ToneResult
from client.tracing import trace_headers

PATH = "/api/clone/live"
END = json.dumps({"type": "end"})

RETRY_STATUS = 503
"""Status that stands for the close code 1013, which says that there is no place."""


class LiveOptions(TypedDict, total=False):
    """Options of a live session; the server's default applies to one that is left out or None.

    Attributes:
        tau: Strength of the target's voice, 0 to 1.
        temperature: Random variation of the result, 0 to 1; 0 always gives the same result.
        seed: Seed of the random variation, below 2^63; the same seed repeats a result.
        target_voice: Stored voice to imitate, or weights of several; the target is None then.
        sample_rate: Sample rate of what is sent, 8000 to 48000.
        format: Format of what is sent, mono.
        latency: How long to wait: `low` is shortest, `exact` gives what `clone` gives.
    """

    tau: float | None
    temperature: float | None
    seed: int | None
    target_voice: TargetVoice | None
    sample_rate: int | None
    format: Literal["pcm_s16le", "pcm_f32le"] | None
    latency: Literal["low", "balanced", "exact"] | None


def start_message(
    target: Target | None, speaker: Audio | ToneResult | None, options: LiveOptions
) -> str:
    """Build the first message of a session."""
    fields = {name: value for name, value in options.items() if value is not None}
    fields |= target_fields(target, options.get("target_voice"))
    if isinstance(speaker, ToneResult):
        fields["source_tone"] = speaker.tone
    elif speaker is not None:
        fields["source_audio"] = encode(speaker)
    return json.dumps(fields)


def read_ready(message: str | bytes) -> LiveReady:
    """Read the server's first message.

    Raises:
        ApiError: The server refused the session.
        UnexpectedAnswer: The message is not one of this API.
    """
    answer = _object(message)
    try:
        ready = LiveReady(
            int(answer["sample_rate"]),
            float(answer["latency_seconds"]),
            float(answer["chunk_seconds"]),
            answer.get("request_id"),
        )
        format = answer["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the server's first message lacks a field") from error
    if format != "pcm_s16le":
        raise UnexpectedAnswer(f"the session's format is {format}, not pcm_s16le")
    return ready


def read_done(message: str | bytes) -> LiveStats:
    """Read the server's last message.

    Raises:
        ApiError: The session failed.
        UnexpectedAnswer: The message is not one of this API.
    """
    answer = _object(message)
    try:
        stats = answer["stats"]
        return LiveStats(
            float(stats["seconds"]),
            int(stats["steps"]),
            int(stats["late_steps"]),
            float(stats["longest_step_seconds"]),
            int(stats["seed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the server's last message lacks its stats") from error


def connect_options(http_url: httpx.URL, headers: Mapping[str, str]) -> dict[str, Any]:
    """Build the arguments that both kinds of WebSocket are opened with.

    Args:
        http_url: Address of the server.
        headers: Headers of its HTTP client.
    """
    scheme = "wss" if http_url.scheme == "https" else "ws"
    path = http_url.path.rstrip("/") + PATH
    kept = ("accept-language", "authorization")
    return {
        "uri": str(http_url.copy_with(scheme=scheme, path=path)),
        "additional_headers": {name: headers[name] for name in kept if name in headers}
        | trace_headers(),
        "open_timeout": CONNECT_TIMEOUT_SECONDS,
        # PCM is hardly compressed, and samples should not wait
        "compression": None,
    }


@contextmanager
def opening(server: str) -> Iterator[None]:
    """Turn errors of a WebSocket into the client's own."""
    try:
        yield
    except InvalidStatus as error:
        status, body = error.response.status_code, error.response.body or b""
        raise error_of(status, parse_object(bytes(body))) from error
    except InvalidHandshake as error:
        raise UnexpectedAnswer(f"the server opens no WebSocket: {error}") from error
    except (WebSocketException, OSError) as error:
        raise Unreachable(server, str(error) or type(error).__name__) from error


def _object(message: str | bytes) -> dict[str, Any]:
    if isinstance(message, bytes):
        raise UnexpectedAnswer("the server sent audio where a message was due")
    answer = parse_object(message)
    if answer.get("type") == "error":
        facts = answer.get("error")
        must_wait = isinstance(facts, Mapping) and "retry_after_seconds" in facts
        raise error_of(RETRY_STATUS if must_wait else 200, answer)
    return answer
