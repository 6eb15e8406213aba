"""The voices of a server's clients, kept in a database; its work runs on threads of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from server.messages.error import ApiError
from server.messages.errors import Overloaded, VoicesUnavailable
from server.settings import Settings
from server.voices import queries
from server.voices.address import open_backend
from server.voices.backend import Backend
from server.voices.database import Database
from server.voices.records import NewVoice, StoredTone, StoredVoice
from server.voices.schema import NewerSchema

T = TypeVar("T")

_log = logging.getLogger(__name__)

_READERS = 4
_MOST_UNDER_WAY = 128
"""Operations that run or wait at once; more are refused."""

_RETRY_SECONDS = 2


class VoiceStore:
    """Voices by owner and name; used from one event loop.

    Every method raises `voices_unavailable` where the database is locked, full, missing, damaged
    or does not answer, and `overloaded` where too many operations wait for it.

    Args:
        backend: Kind of the database.
        maximum: Most voices that an owner may have.
        wait_seconds: Longest wait for the database, twice over: to get to it, and for its answer.
    """

    def __init__(self, backend: Backend, maximum: int, wait_seconds: float) -> None:
        self._database = Database(backend)
        self._maximum = maximum
        self._wait_seconds = wait_seconds
        self._readers = ThreadPoolExecutor(_READERS, "voices-read")
        self._writers = ThreadPoolExecutor(backend.writers, "voices-write")
        self._under_way = 0

    @classmethod
    def of(cls, settings: Settings) -> VoiceStore | None:
        """Return the store that the settings name; None where they name none."""
        if settings.voices is None:
            return None
        wait_seconds = settings.voices_wait_seconds
        backend = open_backend(settings.voices, wait_seconds)
        return cls(backend, settings.voices_maximum, wait_seconds)

    async def add(self, owner: str, new: NewVoice) -> None:
        """Save a voice; once this returns, it is on disk.

        Raises:
            ApiError: `voice_exists`; `voices_full`.
        """
        await self._write(partial(queries.insert, owner=owner, new=new, maximum=self._maximum))

    async def check_add(self, owner: str, name: str) -> None:
        """Check that a voice could be saved now.

        Raises:
            ApiError: `voice_exists`; `voices_full`.
        """
        maximum = self._maximum
        await self._read(partial(queries.check_insert, owner=owner, name=name, maximum=maximum))

    async def delete(self, owner: str, name: str) -> bool:
        """Delete a voice; return whether there was one."""
        return await self._write(partial(queries.delete, owner=owner, name=name))

    async def get(self, owner: str, name: str, model_id: str) -> StoredVoice | None:
        """Return a voice, or None where there is none of the name."""
        return await self._read(partial(queries.select, owner=owner, name=name, model_id=model_id))

    async def list(
        self, owner: str, after: str, limit: int, model_id: str
    ) -> Sequence[StoredVoice]:
        """Return the voices whose names follow one, in the order of their code points."""
        return await self._read(
            partial(queries.select_page, owner=owner, after=after, limit=limit, model_id=model_id)
        )

    async def tones(
        self, owner: str, names: Sequence[str], model_id: str
    ) -> Mapping[str, StoredTone]:
        """Return the tones of voices by name, without those that there are not."""
        return await self._read(
            partial(queries.select_tones, owner=owner, names=names, model_id=model_id)
        )

    async def clips(self, voice_id: str) -> Sequence[bytes]:
        """Return a voice's clips in their order; none where they are not kept."""
        return await self._read(partial(queries.select_clips, voice_id=voice_id))

    async def add_tone(self, voice_id: str, model_id: str, tone: bytes) -> None:
        """Add a voice's tone of another model, if the voice still exists."""
        await self._write(
            partial(queries.insert_tone, voice_id=voice_id, model_id=model_id, tone=tone)
        )

    def open(self) -> None:
        """Connect in the background, so that the log tells at start of a missing database."""
        self._submit(self._readers, lambda: self._database.read(lambda connection: None))

    def close(self) -> None:
        """Wait for the operations under way, and close the connections."""
        self._readers.shutdown(cancel_futures=True)
        self._writers.shutdown(cancel_futures=True)
        self._database.close()

    async def _read(self, operation: Callable[..., T]) -> T:
        return await self._run(self._readers, lambda: self._database.read(operation))

    async def _write(self, operation: Callable[..., T]) -> T:
        return await self._run(self._writers, lambda: self._database.write(operation))

    async def _run(self, threads: ThreadPoolExecutor, operation: Callable[[], T]) -> T:
        if self._under_way >= _MOST_UNDER_WAY:
            raise ApiError(Overloaded(retry_after_seconds=_RETRY_SECONDS))
        self._under_way += 1
        loop = asyncio.get_running_loop()
        future = self._submit(threads, operation)
        future.add_done_callback(lambda _: self._end_from_thread(loop))
        try:
            async with asyncio.timeout(2 * self._wait_seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            _log.warning("the voices' database does not answer")
            raise ApiError(VoicesUnavailable(retry_after_seconds=_RETRY_SECONDS)) from None

    def _end_from_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # The loop has ended, so nothing is counted any more.
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._under_way -= 1

    def _submit(self, threads: ThreadPoolExecutor, operation: Callable[[], T]) -> Future[T]:
        backend = self._database.backend

        def reported() -> T:
            try:
                return operation()
            except (OSError, NewerSchema, backend.errors) as error:
                if not isinstance(error, NewerSchema) and not backend.is_outage(error):
                    raise
                _log.warning("the voices cannot be reached: %s", error)
                unavailable = VoicesUnavailable(retry_after_seconds=_RETRY_SECONDS)
                raise ApiError(unavailable) from None

        # In the request's context, so that the log line has its id.
        return threads.submit(copy_context().run, reported)
