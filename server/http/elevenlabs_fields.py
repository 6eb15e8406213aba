"""Values in ElevenLabs' requests, read as ours: output formats, voice settings and names."""

from __future__ import annotations

import json
import re
from typing import Any

from runtime.encoding import Codec, Encoding
from runtime.options import DEFAULT_TAU
from server.messages.elevenlabs import SpeechRequest
from server.messages.error import ApiError
from server.messages.errors import InvalidField
from server.messages.message import Text
from server.messages.requests import field_of
from server.messages.voice_names import MAXIMUM_NAME_CHARACTERS, VoiceName, parse_name

DEFAULT_OUTPUT_FORMAT = "mp3_44100_128"
OUTPUT_FORMATS = (
    *("mp3_22050_32", "mp3_24000_48"),
    *(f"mp3_44100_{kbps}" for kbps in (32, 64, 96, 128, 192)),
    *(f"pcm_{hz}" for hz in (8000, 16000, 22050, 24000, 32000, 44100, 48000)),
    *(f"wav_{hz}" for hz in (8000, 16000, 22050, 24000, 32000, 44100, 48000)),
    *(f"opus_48000_{kbps}" for kbps in (32, 64, 96, 128, 192)),
    *("ulaw_8000", "alaw_8000"),
)
"""The formats that ElevenLabs' SDK names."""

_CODECS: dict[str, Codec] = {"opus": "ogg"}
_LONGEST_NAME_CHARACTERS = 1000


def to_voice_name(text: str) -> VoiceName | None:
    """Return the nearest name that a voice may have, or None where no letter would be left."""
    read = text.strip()[:_LONGEST_NAME_CHARACTERS]
    kept = [character if parse_name(character) else "-" for character in read]
    joined = re.sub("-{2,}", "-", "".join(kept)).strip("-")
    return parse_name(joined[:MAXIMUM_NAME_CHARACTERS])


def read_output_format(text: str, model_hz: int) -> Encoding:
    """Return the encoding that a name such as `mp3_44100_128` stands for.

    Args:
        text: The name: codec, sample rate and, where the codec has one, bit rate.
        model_hz: Sample rate of the audio to encode.

    Raises:
        ApiError: `invalid_field`.
    """
    if text in OUTPUT_FORMATS:
        codec, rate_hz, *kbps = text.split("_")
        return Encoding.choose(
            _CODECS.get(codec, codec),  # type: ignore[arg-type]
            model_hz,
            sample_rate_hz=int(rate_hz),
            kbps=int(kbps[0]) if kbps else None,
        )
    names = ", ".join(OUTPUT_FORMATS)
    raise ApiError(
        InvalidField(param="output_format", expected=Text(f"以下之一：{names}", f"one of {names}"))
    )


def read_tau(voice_settings: str | None) -> float:
    """Return the tau of a request's voice_settings, the default where they say nothing of it.

    Raises:
        ApiError: `invalid_field`.
    """
    try:
        settings: Any = json.loads(voice_settings or "{}")
    except (ValueError, RecursionError):
        settings = None
    tau = settings.get("similarity_boost") if isinstance(settings, dict) else ""
    if tau is None:
        return DEFAULT_TAU
    if isinstance(tau, bool) or not isinstance(tau, int | float) or not 0 <= tau <= 1:
        raise field_of(SpeechRequest, "voice_settings").invalid()
    return float(tau)
