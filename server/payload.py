"""What a request asks for: its fields checked, its audio as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server import base64_audio, fields
from server.errors import ApiError
from server.fields import Field
from server.json_body import parse_object
from server.multipart import parse_form

JSON = "application/json"
FORM = "multipart/form-data"

Bytes = bytearray | memoryview


@dataclass(slots=True)
class Clip:
    """One audio file of a request.

    Args:
        data: The file's bytes; `take` them, so that they are let go of once they are decoded.
        param: The field that it came in, for errors.
        index: Its place where the field is a list.
    """

    data: Bytes
    param: str
    index: int | None = None

    def take(self) -> Bytes:
        """Return the bytes and forget them."""
        data, self.data = self.data, bytearray()
        return data

    @property
    def place(self) -> dict[str, int]:
        """Where in a list the clip stands, as a fact of an error about it."""
        return {} if self.index is None else {"index": self.index}


@dataclass(frozen=True, slots=True)
class ClonePayload:
    """What /api/clone and /api/clone/stream ask for; `targets` is empty where a tone is given."""

    targets: tuple[Clip, ...]
    target_tone: str | None
    source: Clip
    tau: float
    temperature: float
    seed: int | None


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header; an absent one counts as JSON.

    Raises:
        ApiError: `unsupported_media_type`.
    """
    found = content_type.partition(";")[0].strip().lower() or JSON
    if found not in (JSON, FORM):
        raise ApiError("unsupported_media_type")
    return found


def parse_clone(body: bytearray, content_type: str, most_targets: int) -> ClonePayload:
    """Parse the body of a clone request; a JSON body is emptied as it is parsed.

    Raises:
        ApiError: The body or a field cannot be used; numbers are checked before base64 is decoded.
    """
    values = _values(body, content_type, fields.CLONE_FIELDS)
    tau, temperature, seed = (
        field.number(values.get(field.name))
        for field in (fields.TAU, fields.TEMPERATURE, fields.SEED)
    )
    tone = values.get(fields.TARGET_TONE.name)
    if tone is None:
        targets = _clips(fields.take(values, fields.TARGET_AUDIO), most_targets)
    elif not isinstance(tone, str) or values.get(fields.TARGET_AUDIO.name) is not None:
        raise fields.TARGET_TONE.invalid()
    else:
        targets = []
    source = fields.take(values, fields.SOURCE_AUDIO)
    return ClonePayload(
        targets=tuple(_clip(fields.TARGET_AUDIO, value, index) for index, value in targets),
        target_tone=tone,
        source=_clip(fields.SOURCE_AUDIO, source),
        tau=tau,
        temperature=temperature,
        seed=None if seed is None else int(seed),
    )


def parse_tone(body: bytearray, content_type: str) -> Clip:
    """Parse the body of a tone request; a JSON body is emptied as it is parsed.

    Raises:
        ApiError: The body or the field cannot be used.
    """
    values = _values(body, content_type, fields.TONE_FIELDS)
    return _clip(fields.AUDIO, fields.take(values, fields.AUDIO))


def _values(body: bytearray, content_type: str, known: tuple[Field, ...]) -> dict[str, Any]:
    if media_type(content_type) == FORM:
        return parse_form(body, content_type, known)
    return parse_object(body)


def _clips(value: Any, most: int) -> list[tuple[int | None, Any]]:
    if not isinstance(value, list):
        return [(None, value)]
    if not 1 <= len(value) <= most:
        raise fields.TARGET_AUDIO.invalid()
    return list(enumerate(value))


def _clip(field: Field, value: Any, index: int | None = None) -> Clip:
    if isinstance(value, memoryview):
        return Clip(value, field.name, index)
    if not isinstance(value, str):
        raise field.invalid()
    try:
        return Clip(base64_audio.decode(value), field.name, index)
    except ValueError:
        place = {} if index is None else {"index": index}
        raise ApiError("invalid_base64", param=field.name, facts=place) from None
