"""POST /api/clone, /api/clone/stream and /api/tone."""

from __future__ import annotations

from contextlib import aclosing

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.intake import AdmittedRequest, Intake
from server.http import negotiation
from server.http.answers import (
    JSON_TYPE,
    LINES_TYPE,
    send_end,
    send_line,
    send_start,
    send_whole,
    to_json,
)
from server.http.request_parser import FORM, parse_clone, parse_tone
from server.inference.tone_text import write_tone
from server.messages.answers import STREAM_FORMAT, SUCCESS_MESSAGE
from server.messages.errors import ERRORS
from server.openapi import answer_schemas, examples, request_schemas
from server.openapi.answer_schemas import Schema
from server.openapi.operation import Operation
from server.settings import Settings

_CLONE_ERRORS = tuple(code for code in ERRORS if code not in ("not_found", "method_not_allowed"))
_TONE_ERRORS = tuple(code for code in _CLONE_ERRORS if code != "tone_model_mismatch")

_PLACEHOLDER = "result_audio goes here"


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    operations = _operations(context.settings)
    handlers = (clone, stream, tone)
    return [
        Endpoint(operation, Intake(context, handler))
        for operation, handler in zip(operations, handlers, strict=True)
    ]


async def clone(request: AdmittedRequest) -> None:
    """Answer /api/clone: the whole result, as JSON or as a WAV file."""
    service, account = request.service, request.account
    parsed = await request.parse(parse_clone, service.settings.target_clips)
    file = await service.convert_to_wav(account, await service.prepare(account, parsed))
    if negotiation.wants_wav(request.request.headers.get("accept", "")):
        headers = request.timing_headers | {"Vary": "Accept"}
        await send_whole(request.send, negotiation.WAV, headers, file)
        return
    encoded = await service.encode_base64(account, file)
    del file
    answer = {
        "success": True,
        "message": SUCCESS_MESSAGE,
        "result_audio": _PLACEHOLDER,
        "stats": account.stats(),
    }
    # Megabytes of base64 need no escaping, so they are inserted instead of passing the encoder.
    before, _, after = to_json(answer).partition(_PLACEHOLDER.encode())
    headers = request.timing_headers | {"Vary": "Accept"}
    await send_whole(request.send, JSON_TYPE, headers, before, encoded, after)


async def tone(request: AdmittedRequest) -> None:
    """Answer /api/tone: a tone embedding as text that /api/clone accepts."""
    service = request.service
    clip = await request.parse(parse_tone)
    embedded = await service.embed_target(request.account, clip)
    answer = {
        "success": True,
        "tone": write_tone(embedded.tone, service.engine.manifest),
        "seconds": round(embedded.seconds, 3),
        "warnings": list(embedded.warnings),
    }
    await send_whole(request.send, JSON_TYPE, request.timing_headers, to_json(answer))


async def stream(request: AdmittedRequest) -> None:
    """Answer /api/clone/stream: one line for each window, as soon as it is converted.

    What is wrong with a request is found before the first line is sent; a later error is sent as
    the last line.
    """
    service, account = request.service, request.account
    parsed = await request.parse(parse_clone, service.settings.target_clips)
    rate = service.engine.manifest.sample_rate_hz
    # The windows are those of /api/clone, so that both give exactly the same samples.
    conversion = await service.prepare(account, parsed)
    seconds = round(conversion.samples / rate, 6)
    headers = request.timing_headers | {"X-Accel-Buffering": "no"}
    await send_start(request.send, LINES_TYPE, headers)
    await send_line(
        request.send,
        {
            "success": True,
            "format": STREAM_FORMAT,
            "sample_rate": rate,
            "channels": 1,
            "seconds": seconds,
            "samples": conversion.samples,
            "windows": conversion.pieces,
            "request_id": request.request_id,
        },
    )
    start = 0
    async with aclosing(service.convert(account, conversion)) as pieces:
        index = 0
        async for piece in pieces:
            samples = len(piece) // 2
            audio = await service.encode_base64(account, piece)
            line = {
                "index": index,
                "start_seconds": round(start / rate, 6),
                "seconds": round(samples / rate, 6),
                "progress": round((start + samples) / conversion.samples, 6),
                "audio": audio.decode("ascii"),
            }
            await send_line(request.send, line)
            start += samples
            index += 1
    stats = account.stats()
    await send_line(
        request.send,
        {"success": True, "message": SUCCESS_MESSAGE, "stats": stats, "seed": conversion.seed},
    )
    await send_end(request.send)


def _operations(settings: Settings) -> tuple[Operation, Operation, Operation]:
    clone_bodies: dict[str, Schema] = {
        JSON_TYPE: {
            "schema": request_schemas.clone_json(settings),
            "example": examples.clone_request(),
        },
        FORM: {"schema": request_schemas.clone_form(settings)},
    }
    return (
        Operation(
            "/api/clone",
            "post",
            "clone",
            {
                "zh": "执行音色克隆，将源音频的音色转换为目标音色。",
                "en": "Converts the source into the voice of the target.",
            },
            {
                JSON_TYPE: {"schema": answer_schemas.CLONED, "example": examples.cloned()},
                negotiation.WAV: {"schema": {"type": "string", "format": "binary"}},
            },
            _CLONE_ERRORS,
            clone_bodies,
        ),
        Operation(
            "/api/clone/stream",
            "post",
            "clone_stream",
            {
                "zh": "与 /api/clone 相同，但边转换边返回：每行一个 JSON 对象，"
                "首行为格式，末行为统计或错误。",
                "en": "As /api/clone, but answers while it converts: one JSON object a line, "
                "first the format, then a line a window, last the stats or an error.",
            },
            {
                LINES_TYPE: {
                    "schema": answer_schemas.STREAM_LINE,
                    "example": examples.stream_lines(),
                }
            },
            _CLONE_ERRORS,
            clone_bodies,
        ),
        Operation(
            "/api/tone",
            "post",
            "tone",
            {
                "zh": "提取音色，返回的字符串可作为 /api/clone 的 target_tone 反复使用。",
                "en": "Works out a voice's tone, as a string that /api/clone takes as target_tone.",
            },
            {JSON_TYPE: {"schema": answer_schemas.TONE, "example": examples.tone()}},
            _TONE_ERRORS,
            {
                JSON_TYPE: {
                    "schema": request_schemas.tone_json(),
                    "example": examples.tone_request(),
                },
                FORM: {"schema": request_schemas.tone_form()},
            },
        ),
    )
