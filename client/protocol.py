"""What goes over the wire and what comes back, without any wire.

Both clients build their requests and read their answers here; they add the waiting.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import httpx

from client.audio import Audio, encode, read
from client.connection import RETRY_STATUSES
from client.errors import ApiError, ClientError, Overloaded, UnexpectedAnswer
from client.results import CloneResult, Stats, ToneResult

Target = Audio | Sequence[Audio] | ToneResult
"""Whom to sound like: one clip, several clips of one speaker, or a tone taken before."""


class CloneOptions(TypedDict, total=False):
    """What a conversion may be asked for; the server has defaults for what is left out.

    Attributes:
        tau: how strongly the target is applied, 0 to 1.
        temperature: of the noise, 0 to 1; 0 is deterministic.
        seed: of the noise, below 2^63, to repeat an earlier draw.
    """

    tau: float
    temperature: float
    seed: int


def held(target: Target) -> Target:
    """Return a target with its clips in memory, to be sent more than once."""
    if isinstance(target, ToneResult):
        return target
    if isinstance(target, Sequence) and not isinstance(target, bytes | str):
        return [read(clip) for clip in target]
    return read(target)


def clone_body(target: Target, source: Audio, options: CloneOptions) -> bytes:
    """Build the JSON body of a conversion."""
    fields: dict[str, Any] = {"source_audio": encode(source), **options}
    if isinstance(target, ToneResult):
        fields["target_tone"] = target.tone
    elif isinstance(target, Sequence) and not isinstance(target, bytes | str):
        fields["target_audio"] = [encode(clip) for clip in target]
    else:
        fields["target_audio"] = encode(target)
    return json.dumps(fields).encode()


def tone_body(audio: Audio) -> bytes:
    """Build the JSON body of a tone request."""
    return json.dumps({"audio": encode(audio)}).encode()


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UnexpectedAnswer: it is something else.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise UnexpectedAnswer("the server answered something that is not JSON") from error
    if not isinstance(value, dict):
        raise UnexpectedAnswer("the server answered JSON that is not an object")
    return value


def error_of(status: int, answer: Mapping[str, Any]) -> ClientError:
    """Return the error that an answer without success describes."""
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
    """Read a whole answer.

    Raises:
        ApiError: the server refused or failed.
        UnexpectedAnswer: it is no answer of this API.
    """
    try:
        answer = parse_object(response.content)
    except UnexpectedAnswer as error:
        raise UnexpectedAnswer(f"{error} (status {response.status_code})") from error
    if response.status_code != 200 or answer.get("success") is False:
        raise error_of(response.status_code, answer)
    return answer


def clone_result(response: httpx.Response) -> CloneResult:
    """Read the answer of a conversion; errors as `answer_of`."""
    answer = answer_of(response)
    try:
        times = answer["stats"]
        stats = Stats(
            extract_seconds=float(times["extract_time"].removesuffix("s")),
            clone_seconds=float(times["clone_time"].removesuffix("s")),
            total_seconds=float(times["total_time"].removesuffix("s")),
        )
        wav = base64.b64decode(answer["result_audio"], validate=True)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks result_audio or stats") from error
    return CloneResult(wav, stats, response.headers.get("X-Request-ID"))


def tone_result(response: httpx.Response) -> ToneResult:
    """Read the answer of a tone request; errors as `answer_of`."""
    answer = answer_of(response)
    try:
        return ToneResult(answer["tone"], float(answer["seconds"]), tuple(answer["warnings"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the answer lacks tone, seconds or warnings") from error
