"""Stored voices with a loaded model: saving them, listing them, and their tones, mixed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np

from runtime.arrays import Tone
from server.inference.engine import Engine
from server.inference.request_account import RequestAccount
from server.inference.tone_cache import EmbeddedClip, ToneCache, average_clips
from server.inference.tone_text import read_tone
from server.messages.error import ApiError
from server.messages.errors import ToneModelMismatch, VoiceNotFound, VoicesDisabled
from server.messages.requests import Clip, VoiceRequest, field_of
from server.messages.voice_names import VoiceMix, VoiceName
from server.messages.voices import Voice
from server.voices.records import Bytes, NewVoice, StoredTone, StoredVoice
from server.voices.store import VoiceStore

EmbedClip = Callable[[RequestAccount, Clip], Awaitable[EmbeddedClip]]

_TARGET = "target_voice"


class StoredVoices:
    """The voices that clients have saved.

    Every method raises `voices_disabled` where the server stores none, and what the store raises.

    Args:
        store: Keeps the voices; None where the server stores none.
        engine: The model.
        cache: Tones of voices that were embedded anew for this model.
        embed_sent: Embeds a clip that a request sent.
        embed_stored: Embeds a clip that was stored.
    """

    def __init__(
        self,
        store: VoiceStore | None,
        engine: Engine,
        cache: ToneCache,
        embed_sent: EmbedClip,
        embed_stored: EmbedClip,
    ) -> None:
        self._given_store = store
        self._engine = engine
        self._cache = cache
        self._embed_sent = embed_sent
        self._embed_stored = embed_stored
        self._model_id = engine.manifest.model_id

    async def add(self, account: RequestAccount, request: VoiceRequest) -> Voice:
        """Save a voice; once this returns, it survives the end of the process.

        Args:
            account: The request's account.
            request: The request, whose audio is released unless it is kept.

        Raises:
            ApiError: `voice_exists`; `voices_full`; a clip or the tone cannot be used.
        """
        store = self._store
        await store.check_add(account.owner, request.name)
        clips = request.audio or ()
        if request.keep_audio and not clips:
            raise field_of(VoiceRequest, "keep_audio").invalid()
        kept: Sequence[Bytes] = [clip.data for clip in clips] if request.keep_audio else ()
        if request.tone is not None:
            field = field_of(VoiceRequest, "tone")
            tone, seconds = read_tone(request.tone, self._engine.manifest, field), None
            warnings: list[str] = []
        else:
            embedded = [await self._embed_sent(account, clip) for clip in clips]
            tone, seconds = (
                average_clips(self._engine, embedded),
                sum(clip.seconds for clip in embedded),
            )
            warnings = [code for clip in embedded for code in clip.warnings]
        voice = StoredVoice(
            name=request.name,
            model_id=self._model_id,
            seconds=None if seconds is None else round(seconds, 3),
            clips=len(clips),
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            warnings=tuple(dict.fromkeys(warnings)),
            has_audio=bool(kept),
        )
        await store.add(account.owner, NewVoice(voice, _to_bytes(tone), kept))
        return _to_message(voice)

    async def get(self, owner: str, name: VoiceName) -> Voice:
        """Return a voice.

        Raises:
            ApiError: `voice_not_found`.
        """
        found = await self._store.get(owner, name, self._model_id)
        if found is None:
            raise not_found(name, "name")
        return _to_message(found)

    async def list(self, owner: str, after: str, limit: int) -> Sequence[Voice]:
        """Return the voices whose names follow one, in the order of their code points."""
        found = await self._store.list(owner, after, limit, self._model_id)
        return [_to_message(voice) for voice in found]

    async def delete(self, owner: str, name: VoiceName) -> None:
        """Delete a voice.

        Raises:
            ApiError: `voice_not_found`.
        """
        if not await self._store.delete(owner, name):
            raise not_found(name, "name")

    async def mix(self, account: RequestAccount, mix: VoiceMix) -> Tone:
        """Return the tone of a voice or of a mix, [tone_dimension].

        Raises:
            ApiError: `voice_not_found`; `tone_model_mismatch`: a voice has no tone of this model
                and no audio; its audio can no longer be used.
        """
        names = tuple(mix.shares)
        found = await self._store.tones(account.owner, names, self._model_id)
        for name in names:
            if name not in found:
                raise not_found(name, _TARGET)
        tones = [(await self._tone(account, name, found[name]), mix.shares[name]) for name in names]
        return tones[0][0] if len(tones) == 1 else self._engine.average_tones(tones)

    async def _tone(self, account: RequestAccount, name: VoiceName, stored: StoredTone) -> Tone:
        if stored.tone is not None:
            return np.frombuffer(stored.tone, "<f4").astype(np.float32)
        if not stored.has_audio:
            raise ApiError(ToneModelMismatch(param=_TARGET))

        async def embed() -> EmbeddedClip:
            return await self._embed_anew(account, name, stored.voice_id)

        return (await self._cache.get(stored.voice_id.encode(), embed)).tone

    async def _embed_anew(
        self, account: RequestAccount, name: VoiceName, voice_id: str
    ) -> EmbeddedClip:
        """Embed a voice's stored audio with this model, and store the tone."""
        audio = await self._store.clips(voice_id)
        if not audio:
            raise not_found(name, _TARGET)  # It was deleted meanwhile.
        with account.lease.hold_more(sum(map(len, audio))):
            embedded = [await self._embed_stored(account, Clip(data, _TARGET)) for data in audio]
        tone = average_clips(self._engine, embedded)
        with suppress(ApiError):  # The tone is good, wherever it can be written.
            await self._store.add_tone(voice_id, self._model_id, _to_bytes(tone))
        return EmbeddedClip(tone, sum(clip.seconds for clip in embedded), ())

    @property
    def _store(self) -> VoiceStore:
        if self._given_store is None:
            raise ApiError(VoicesDisabled())
        return self._given_store


def not_found(name: str, param: str) -> ApiError:
    """Return the error of a name that no voice has."""
    return ApiError(VoiceNotFound(param=param, voice=name))


def _to_bytes(tone: Tone) -> bytes:
    return tone.astype("<f4").tobytes()


def _to_message(voice: StoredVoice) -> Voice:
    return Voice(
        name=voice.name,
        seconds=voice.seconds,
        clips=voice.clips,
        created=voice.created,
        model_id=voice.model_id,
        warnings=list(voice.warnings),
        has_audio=voice.has_audio,
    )
