"""The calls of the API: method, path, body and parser of each, for both kinds of client to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import httpx

from client.audio import Audio
from client.protocol import (
    CloneOptions,
    OutputOptions,
    Target,
    VoiceSource,
    answer_of,
    audio_body,
    clone_body,
    clone_result,
    stored_voice,
    tone_result,
    verify_result,
    voice_body,
    voice_page,
)
from client.results import CloneResult, StoredVoice, ToneResult, VerifyResult, VoicePage

Answer = TypeVar("Answer")


def _no_body() -> None:
    return None


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One call of the API.

    Attributes:
        method: HTTP method.
        path: Path below the server's address.
        parse: Parser of the whole answer. It raises the error that an answer describes.
        body: Builder of the body. It reads audio files, so it may block and raise
            `UnreadableAudio`.
    """

    method: str
    path: str
    parse: Callable[[httpx.Response], Answer]
    body: Callable[[], bytes | None] = _no_body


def health() -> Call[dict[str, Any]]:
    """Describe GET /api/health."""
    return Call("GET", "/api/health", answer_of)


def info() -> Call[dict[str, Any]]:
    """Describe GET /api/info."""
    return Call("GET", "/api/info", answer_of)


def tone(audio: Audio) -> Call[ToneResult]:
    """Describe POST /api/tone."""
    return Call("POST", "/api/tone", tone_result, lambda: audio_body(audio))


def verify(audio: Audio) -> Call[VerifyResult]:
    """Describe POST /api/verify."""
    return Call("POST", "/api/verify", verify_result, lambda: audio_body(audio))


def clone(target: Target | None, source: Audio, options: OutputOptions) -> Call[CloneResult]:
    """Describe POST /api/clone."""
    return Call("POST", "/api/clone", clone_result, lambda: clone_body(target, source, options))


def clone_stream(
    target: Target | None, source: Audio, options: CloneOptions
) -> Call[dict[str, Any]]:
    """Describe POST /api/clone/stream; `parse` is for an answer that is not a stream."""
    return Call("POST", "/api/clone/stream", answer_of, lambda: clone_body(target, source, options))


def clone_encoded(
    target: Target | None, source: Audio, options: OutputOptions
) -> Call[dict[str, Any]]:
    """Describe POST /api/clone/stream where it answers audio; `parse` is for a refusal."""
    encoded: OutputOptions = {**options, "format": options.get("format") or "wav"}
    return Call("POST", "/api/clone/stream", answer_of, lambda: clone_body(target, source, encoded))


def add_voice(name: str, source: VoiceSource, keep_audio: bool) -> Call[StoredVoice]:
    """Describe POST /api/voices."""
    return Call("POST", "/api/voices", stored_voice, lambda: voice_body(name, source, keep_audio))


def list_voices(after: str) -> Call[VoicePage]:
    """Describe GET /api/voices for the page after a name; the first is after an empty one."""
    query = f"?{urlencode({'after': after})}" if after else ""
    return Call("GET", f"/api/voices{query}", voice_page)


def get_voice(name: str) -> Call[StoredVoice]:
    """Describe GET /api/voices/{name}."""
    return Call("GET", _voice_path(name), stored_voice)


def delete_voice(name: str) -> Call[dict[str, Any]]:
    """Describe DELETE /api/voices/{name}."""
    return Call("DELETE", _voice_path(name), answer_of)


def _voice_path(name: str) -> str:
    return f"/api/voices/{quote(name, safe='')}"
