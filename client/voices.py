"""Voices that a server stores under names: `Client.voices` and `AsyncClient.voices`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from client import calls
from client.calls import Answer, Call
from client.protocol import VoiceSource
from client.results import StoredVoice


class _Send(Protocol):
    def __call__(self, call: Call[Answer], /) -> Answer: ...


class _AsyncSend(Protocol):
    async def __call__(self, call: Call[Answer], /) -> Answer: ...


class Voices:
    """The stored voices of one server.

    Every method raises `ApiError`: `voices_disabled` where the server stores none,
    `voices_unavailable` where it cannot reach them.

    Args:
        send: Function that sends a call and returns its answer.
    """

    def __init__(self, send: _Send) -> None:
        self._send = send

    def add(self, name: str, audio: VoiceSource, *, keep_audio: bool = False) -> StoredVoice:
        """Store a voice.

        Args:
            name: 1 to 64 letters of any script, digits and the characters - _ .
            audio: A clip, several clips of one speaker, or a tone.
            keep_audio: Whether to store the clips too, so that the voice survives a change of the
                server's model.

        Raises:
            ApiError: `voice_exists`; `voices_full`; the name or a clip cannot be used.
            UnreadableAudio: A local file cannot be read.
        """
        return self._send(calls.add_voice(name, audio, keep_audio))

    def list(self) -> Iterator[StoredVoice]:
        """Yield every voice by name, page by page."""
        after: str | None = ""
        while after is not None:
            page = self._send(calls.list_voices(after))
            yield from page.voices
            after = page.next

    def get(self, name: str) -> StoredVoice:
        """Get a voice.

        Raises:
            ApiError: `voice_not_found`.
        """
        return self._send(calls.get_voice(name))

    def delete(self, name: str) -> None:
        """Delete a voice and its audio.

        Raises:
            ApiError: `voice_not_found`.
        """
        self._send(calls.delete_voice(name))


class AsyncVoices:
    """The stored voices of one server; its methods are those of `Voices`, awaited.

    Args:
        send: Function that sends a call and returns its answer.
    """

    def __init__(self, send: _AsyncSend) -> None:
        self._send = send

    async def add(self, name: str, audio: VoiceSource, *, keep_audio: bool = False) -> StoredVoice:
        """Store a voice; see `Voices.add`."""
        return await self._send(calls.add_voice(name, audio, keep_audio))

    async def list(self) -> AsyncIterator[StoredVoice]:
        """Yield every voice by name, page by page."""
        after: str | None = ""
        while after is not None:
            page = await self._send(calls.list_voices(after))
            for voice in page.voices:
                yield voice
            after = page.next

    async def get(self, name: str) -> StoredVoice:
        """Get a voice; see `Voices.get`."""
        return await self._send(calls.get_voice(name))

    async def delete(self, name: str) -> None:
        """Delete a voice and its audio; see `Voices.delete`."""
        await self._send(calls.delete_voice(name))
