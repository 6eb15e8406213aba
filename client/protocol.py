"""Bodies of requests and parsers of answers, without any sending."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import httpx

from client.audio import Audio, encode, read
from client.connection import RETRY_STATUSES
from client.errors import ApiError, ClientError, Overloaded, UnexpectedAnswer
from client.results import (
    CloneResult,
    MarkedStretch,
    Stats,
    StoredVoice,
    ToneResult,
    VerifyResult,
    VoicePage,
)

_SUCCESS = (200, 201)

VoiceSource = Audio | Sequence[Audio] | ToneResult
"""What a voice is taken from: one clip, several clips of one speaker, or the result of `tone`."""

Target = VoiceSource | StoredVoice
"""Voice to imitate: what it is taken from, or a stored voice."""

TargetVoice = str | Mapping[str, float]
"""A stored voice by name, or weights of several to mix."""


class CloneOptions(TypedDict, total=False):
    """Options of a conversion; the server's default applies to one that is left out or None.

    Attributes:
        tau: Strength of the target's voice, 0 to 1.
        temperature: Random variation of the result, 0 to 1; 0 always gives the same result.
        seed: Seed of the random variation, below 2^63; the same seed repeats a result.
        target_voice: Stored voice to imitate, or weights of several, such as
            `{"anna": 0.7, "ben": 0.3}`; the target is None then.
    """

    tau: float | None
    temperature: float | None
    seed: int | None
    target_voice: TargetVoice | None


AudioFormat = Literal["wav", "flac", "mp3", "ogg", "pcm"]
"""Format of a result: `ogg` holds Opus, `pcm` is raw 16-bit little-endian."""


class OutputOptions(CloneOptions, total=False):
    """Options of a conversion, and the form of its result.

    Attributes:
        format: Format of the result; the server's default is WAV.
        sample_rate: Sample rate of the result, 8000 to 48000; the server's default is 22050, and
            48000 for `ogg`.
    """

    format: AudioFormat | None
    sample_rate: int | None


def load_target(target: Target | None) -> Target | None:
    """Read a target's clips into memory, so that they can be sent more than once."""
    if target is None or isinstance(target, ToneResult | StoredVoice):
        return target
    if isinstance(target, Sequence) and not isinstance(target, bytes | str):
        return [read(clip) for clip in target]
    return read(target)


def target_fields(target: Target | None, target_voice: TargetVoice | None) -> dict[str, Any]:
    """Build the field that names the target.

    Raises:
        TypeError: There is no target, or there are two.
    """
    if (target is None) == (target_voice is None):
        raise TypeError("either a target or target_voice is needed")
    if target is None:
        return {"target_voice": target_voice}
    if isinstance(target, StoredVoice):
        return {"target_voice": target.name}
    return voice_fields(target, "target_audio", "target_tone")


def voice_fields(source: VoiceSource, audio: str, tone: str) -> dict[str, Any]:
    """Build the field that a voice is taken from.

    Args:
        source: What it is taken from.
        audio: Name of the field for audio.
        tone: Name of the field for a tone.
    """
    if isinstance(source, ToneResult):
        return {tone: source.tone}
    if isinstance(source, Sequence) and not isinstance(source, bytes | str):
        return {audio: [encode(clip) for clip in source]}
    return {audio: encode(source)}


def clone_body(target: Target | None, source: Audio, options: CloneOptions) -> bytes:
    """Build the JSON body of a conversion."""
    fields = {name: value for name, value in options.items() if value is not None}
    fields |= target_fields(target, options.get("target_voice"))
    fields["source_audio"] = encode(source)
    return json.dumps(fields).encode()


def audio_body(audio: Audio) -> bytes:
    """Build the JSON body of a request for a voice's tone, or for the marks of a file."""
    return json.dumps({"audio": encode(audio)}).encode()


def voice_body(name: str, source: VoiceSource, keep_audio: bool) -> bytes:
    """Build the JSON body of a request to store a voice."""
    fields = {"name": name, **voice_fields(source, "audio", "tone"), "keep_audio": keep_audio}
    return json.dumps(fields).encode()


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        UnexpectedAnswer: The data is something else.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise UnexpectedAnswer("the server answered something that is not JSON") from error
    if not isinstance(value, dict):
        raise UnexpectedAnswer("the server answered JSON that is not an object")
    return value


def error_of(status: int, answer: Mapping[str, Any]) -> ClientError:
    """Build the exception for an error answer."""
    error = answer.get("error")
    if not isinstance(error, Mapping) or not isinstance(error.get("code"), str):
        return UnexpectedAnswer(f"status {status} without an error code of this API")
    kind = Overloaded if status in RETRY_STATUSES else ApiError
    return kind(
        status,
        error["code"],
        str(answer.get("message", "")),
        param=error.get("param"),
        facts={name: value for name, value in error.items() if name not in ("code", "param")},
        request_id=answer.get("request_id"),
    )


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """Parse a whole answer.

    Raises:
        ApiError: The server refused the request or failed.
        UnexpectedAnswer: The answer is not one of this API.
    """
    try:
        answer = parse_object(response.content)
    except UnexpectedAnswer as error:
        raise UnexpectedAnswer(f"{error} (status {response.status_code})") from error
    if response.status_code not in _SUCCESS or answer.get("success") is False:
        raise error_of(response.status_code, answer)
    return answer


def clone_result(response: httpx.Response) -> CloneResult:
    """Parse the answer to a conversion; errors as for `answer_of`."""
    answer = answer_of(response)
    try:
        times = answer["stats"]
        stats = Stats(
            extract_seconds=float(times["extract_time"].removesuffix("s")),
            clone_seconds=float(times["clone_time"].removesuffix("s")),
            total_seconds=float(times["total_time"].removesuffix("s")),
        )
        audio = base64.b64decode(answer["result_audio"], validate=True)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks result_audio or stats") from error
    return CloneResult(audio, stats, response.headers.get("X-Request-ID"))


def tone_result(response: httpx.Response) -> ToneResult:
    """Parse the answer to a request for a voice's tone; errors as for `answer_of`."""
    answer = answer_of(response)
    try:
        return ToneResult(answer["tone"], float(answer["seconds"]), tuple(answer["warnings"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks tone, seconds or warnings") from error


def verify_result(response: httpx.Response) -> VerifyResult:
    """Parse the answer to a request for the marks of a file; errors as for `answer_of`."""
    answer = answer_of(response)
    try:
        watermark, label = answer["watermark"], answer["metadata"]
        return VerifyResult(
            seconds=float(answer["seconds"]),
            watermarked=bool(watermark["present"]),
            confidence=float(watermark["confidence"]),
            stretches=tuple(
                MarkedStretch(
                    float(each["start_seconds"]),
                    float(each["stop_seconds"]),
                    float(each["confidence"]),
                )
                for each in watermark["stretches"]
            ),
            metadata=None if label is None else dict(label),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks seconds, watermark or metadata") from error


def stored_voice(response: httpx.Response) -> StoredVoice:
    """Parse an answer that holds a stored voice; errors as for `answer_of`."""
    answer = answer_of(response)
    try:
        return _stored_voice(answer["voice"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks a field of the voice") from error


def voice_page(response: httpx.Response) -> VoicePage:
    """Parse a page of stored voices; errors as for `answer_of`."""
    answer = answer_of(response)
    try:
        return VoicePage(tuple(map(_stored_voice, answer["voices"])), answer["next"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks the voices, or a field of one") from error


def _stored_voice(fields: Mapping[str, Any]) -> StoredVoice:
    seconds = fields["seconds"]
    return StoredVoice(
        fields["name"],
        None if seconds is None else float(seconds),
        int(fields["clips"]),
        fields["created"],
        fields["model_id"],
        tuple(fields["warnings"]),
        bool(fields["has_audio"]),
    )
