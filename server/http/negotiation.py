"""The Accept and Accept-Language headers: the form and the language of an answer."""

from __future__ import annotations

from server.messages.message import Language

WAV = "audio/wav"
_WAV_NAMES = (WAV, "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/*")
_JSON_NAMES = ("application/json", "application/*", "*/*")


def preferences(header: str) -> dict[str, float]:
    """Return the weight of each name in an Accept header, in lower case (RFC 9110, 12.4.2)."""
    found: dict[str, float] = {}
    for item in header.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if name:
            found[name] = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return found


def language(header: str) -> Language:
    """Return the language of messages: Chinese, unless the header prefers English."""
    wanted = preferences(header)
    return "en" if _best(wanted, "en") > _best(wanted, "zh") else "zh"


def wants_wav(header: str) -> bool:
    """Return whether an Accept header prefers a WAV file to JSON."""
    wanted = preferences(header)
    wav = max(wanted.get(name, 0.0) for name in _WAV_NAMES)
    json = max(wanted.get(name, 0.0) for name in _JSON_NAMES)
    return wav > 0 and wav >= json


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
