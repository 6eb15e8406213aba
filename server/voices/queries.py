"""The statements on voices, each for one open connection."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from server.messages.error import ApiError
from server.messages.errors import VoiceExists, VoicesFull
from server.voices.backend import Connection
from server.voices.records import NewVoice, StoredTone, StoredVoice

_LISTED = """
    SELECT v.name, coalesce(t.model_id, v.model_id), v.seconds, v.clips, v.created, v.warnings,
        v.has_audio
    FROM openvoice_voices v
    LEFT JOIN openvoice_tones t ON t.voice = v.id AND t.model_id = ?
    WHERE v.owner = ? AND"""


def insert(connection: Connection, owner: str, new: NewVoice, maximum: int) -> None:
    """Save a voice, within a transaction.

    Raises:
        ApiError: `voice_exists`; `voices_full`.
    """
    voice, voice_id = new.voice, uuid.uuid4().hex
    # The voice before its owner's count, as in `delete`: transactions that take locks in one order
    # never wait for each other.
    inserted = connection.execute(
        """INSERT INTO openvoice_voices
            (id, owner, name, model_id, seconds, clips, created, warnings, has_audio)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, name) DO NOTHING RETURNING id""",
        (
            voice_id,
            owner,
            voice.name,
            voice.model_id,
            voice.seconds,
            voice.clips,
            voice.created,
            json.dumps(voice.warnings),
            int(voice.has_audio),
        ),
    )
    if not inserted.fetchall():
        raise ApiError(VoiceExists(param="name"))
    counted = connection.execute(
        """INSERT INTO openvoice_owners (owner, voices) VALUES (?, 1)
        ON CONFLICT (owner) DO UPDATE SET voices = openvoice_owners.voices + 1
        WHERE openvoice_owners.voices < ? RETURNING voices""",
        (owner, maximum),
    )
    if not counted.fetchall():
        raise ApiError(VoicesFull(maximum=maximum))
    insert_tone(connection, voice_id, voice.model_id, new.tone)
    for position, data in enumerate(new.audio):
        connection.execute(
            "INSERT INTO openvoice_clips (voice, position, data) VALUES (?, ?, ?)",
            (voice_id, position, data),
        )


def insert_tone(connection: Connection, voice_id: str, model_id: str, tone: bytes) -> None:
    """Add a voice's tone of another model, if the voice still exists and has none of it."""
    connection.execute(
        """INSERT INTO openvoice_tones (voice, model_id, tone)
        SELECT id, ?, ? FROM openvoice_voices WHERE id = ? ON CONFLICT DO NOTHING""",
        (model_id, tone, voice_id),
    )


def check_insert(connection: Connection, owner: str, name: str, maximum: int) -> None:
    """Check that a voice could be saved now, before work is put into it.

    Raises:
        ApiError: `voice_exists`; `voices_full`.
    """
    taken, voices = connection.execute(
        """SELECT (SELECT count(*) FROM openvoice_voices WHERE owner = ? AND name = ?),
            (SELECT voices FROM openvoice_owners WHERE owner = ?)""",
        (owner, name, owner),
    ).fetchone()
    if taken:
        raise ApiError(VoiceExists(param="name"))
    if voices is not None and voices >= maximum:
        raise ApiError(VoicesFull(maximum=maximum))


def delete(connection: Connection, owner: str, name: str) -> bool:
    """Delete a voice, within a transaction; return whether there was one."""
    deleted = connection.execute(
        "DELETE FROM openvoice_voices WHERE owner = ? AND name = ? RETURNING id", (owner, name)
    ).fetchall()
    if deleted:
        connection.execute(
            "UPDATE openvoice_owners SET voices = voices - 1 WHERE owner = ?", (owner,)
        )
    return bool(deleted)


def select(connection: Connection, owner: str, name: str, model_id: str) -> StoredVoice | None:
    """Return a voice, or None where there is none of the name."""
    rows = connection.execute(f"{_LISTED} v.name = ?", (model_id, owner, name)).fetchall()
    return _voice(rows[0]) if rows else None


def select_page(
    connection: Connection, owner: str, after: str, limit: int, model_id: str
) -> Sequence[StoredVoice]:
    """Return the voices whose names follow one, in the order of their code points."""
    rows = connection.execute(
        f"{_LISTED} v.name > ? ORDER BY v.name LIMIT ?", (model_id, owner, after, limit)
    )
    return [_voice(row) for row in rows.fetchall()]


def select_tones(
    connection: Connection, owner: str, names: Sequence[str], model_id: str
) -> Mapping[str, StoredTone]:
    """Return the tones of voices by name, without those that there are not."""
    marks = ", ".join("?" * len(names))
    rows = connection.execute(
        f"""SELECT v.name, v.id, t.tone, v.has_audio FROM openvoice_voices v
        LEFT JOIN openvoice_tones t ON t.voice = v.id AND t.model_id = ?
        WHERE v.owner = ? AND v.name IN ({marks})""",
        (model_id, owner, *names),
    )
    return {
        name: StoredTone(voice_id, None if tone is None else bytes(tone), bool(has_audio))
        for name, voice_id, tone, has_audio in rows.fetchall()
    }


def select_clips(connection: Connection, voice_id: str) -> Sequence[bytes]:
    """Return a voice's clips in their order; none where they are not kept."""
    rows = connection.execute(
        "SELECT data FROM openvoice_clips WHERE voice = ? ORDER BY position", (voice_id,)
    )
    return [bytes(data) for (data,) in rows.fetchall()]


def _voice(row: Sequence[Any]) -> StoredVoice:
    name, model_id, seconds, clips, created, warnings, has_audio = row
    return StoredVoice(
        name, model_id, seconds, clips, created, tuple(json.loads(warnings)), bool(has_audio)
    )
