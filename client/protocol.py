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
from client.results import CloneResult, Stats, ToneResult

Target = Audio | Sequence[Audio] | ToneResult
"""Voice to imitate: one clip, several clips of one speaker, or the result of `tone`."""


class CloneOptions(TypedDict, total=False):
    """Options of a conversion; the server's default applies to one that is left out or None.

    Attributes:
        tau: Strength of the target's voice, 0 to 1.
        temperature: Random variation of the result, 0 to 1; 0 always gives the same result.
        seed: Seed of the random variation, below 2^63; the same seed repeats a result.
    """

    tau: float | None
    temperature: float | None
    seed: int | None


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


def load_target(target: Target) -> Target:
    """Read a target's clips into memory, so that they can be sent more than once."""
    if isinstance(target, ToneResult):
        return target
    if isinstance(target, Sequence) and not isinstance(target, bytes | str):
        return [read(clip) for clip in target]
    return read(target)


def target_fields(target: Target) -> dict[str, Any]:
    """Build the field that names the target."""
    if isinstance(target, ToneResult):
        return {"target_tone": target.tone}
    if isinstance(target, Sequence) and not isinstance(target, bytes | str):
        return {"target_audio": [encode(clip) for clip in target]}
    return {"target_audio": encode(target)}


def clone_body(target: Target, source: Audio, options: CloneOptions) -> bytes:
    """Build the JSON body of a conversion."""
    fields = {"source_audio": encode(source), **target_fields(target)}
    fields |= {name: value for name, value in options.items() if value is not None}
    return json.dumps(fields).encode()


def tone_body(audio: Audio) -> bytes:
    """Build the JSON body of a request for a voice's tone."""
    return json.dumps({"audio": encode(audio)}).encode()


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
    if response.status_code != 200 or answer.get("success") is False:
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
