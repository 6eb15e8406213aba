"""The Accept and Accept-Language headers: the form and the language of an answer."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.encoding import Codec
from server.http.answers import JSON_TYPE, LINES_TYPE
from server.messages.message import Language

_AUDIO_NAMES: Mapping[str, Codec] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/ogg": "ogg",
    "application/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/pcm": "pcm",
    "audio/l16": "l16",
    "audio/*": "wav",
}
_STRUCTURED_NAMES = (JSON_TYPE, LINES_TYPE, "application/*", "*/*")


def preferences(header: str) -> dict[str, float]:
    """Return the weight of each name in an Accept header, in lower case (RFC 9110, 12.4.2)."""
    found: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            found[name] = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return found


def language(header: str, default: Language = "zh") -> Language:
    """Return the language of messages: the default, unless the header prefers the other."""
    wanted = preferences(header)
    zh, en = _best(wanted, "zh"), _best(wanted, "en")
    if zh == en:
        return default
    return "en" if en > zh else "zh"


def preferred_audio(header: str) -> Codec | None:
    """Return the audio format that an Accept header prefers to JSON, the first of equals."""
    wanted = preferences(header)
    audio = [name for name in wanted if name in _AUDIO_NAMES]
    best = max(audio, key=wanted.__getitem__, default="")
    structured = max(wanted.get(name, 0.0) for name in _STRUCTURED_NAMES)
    if not best or not 0 < wanted[best] >= structured:
        return None
    return _AUDIO_NAMES[best]


def _best(wanted: dict[str, float], tag: str) -> float:
    return max(
        (weight for name, weight in wanted.items() if name.partition("-")[0] == tag), default=0.0
    )


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
