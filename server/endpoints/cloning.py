"""POST /api/clone, /api/clone/stream and /api/tone."""

from __future__ import annotations

from contextlib import aclosing

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.intake import INTAKE_ERRORS, AdmittedRequest, Intake
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
from server.inference.tone_text import write_tone
from server.messages.answers import (
    SUCCESS_MESSAGE,
    Cloned,
    StreamAudio,
    StreamEnd,
    StreamStart,
    ToneAnswer,
)
from server.messages.errors import (
    AudioTooLong,
    AudioTooShort,
    InvalidBase64,
    SilentAudio,
    ToneModelMismatch,
    UndecodableAudio,
    VoiceNotFound,
    VoicesDisabled,
    VoicesUnavailable,
)
from server.messages.message import Text
from server.messages.requests import CloneRequest, ToneRequest
from server.openapi.operation import Operation

_PLACEHOLDER = "result_audio goes here"


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    handlers = (clone, stream, tone)
    return [
        Endpoint(operation, Intake(context, handler))
        for operation, handler in zip(_OPERATIONS, handlers, strict=True)
    ]


async def clone(request: AdmittedRequest) -> None:
    """Answer /api/clone: the whole result, as JSON or as a WAV file."""
    service, account = request.service, request.account
    parsed = await request.parse(CloneRequest)
    file = await service.convert_to_wav(account, await service.prepare(account, parsed))
    if negotiation.wants_wav(request.request.headers.get("accept", "")):
        headers = request.timing_headers | {"Vary": "Accept"}
        await send_whole(request.send, negotiation.WAV, headers, file)
        return
    encoded = await service.encode_base64(account, file)
    del file
    answer = Cloned(
        success=True, message=SUCCESS_MESSAGE, result_audio=_PLACEHOLDER, stats=account.stats()
    )
    # Megabytes of base64 need no escaping, so they are inserted instead of passing the encoder.
    before, _, after = to_json(answer).partition(_PLACEHOLDER.encode())
    headers = request.timing_headers | {"Vary": "Accept"}
    await send_whole(request.send, JSON_TYPE, headers, before, encoded, after)


async def tone(request: AdmittedRequest) -> None:
    """Answer /api/tone: a tone embedding as text that /api/clone accepts."""
    service = request.service
    parsed = await request.parse(ToneRequest)
    embedded = await service.embed_target(request.account, parsed.audio)
    answer = ToneAnswer(
        success=True,
        tone=write_tone(embedded.tone, service.engine.manifest),
        seconds=round(embedded.seconds, 3),
        warnings=list(embedded.warnings),
    )
    await send_whole(request.send, JSON_TYPE, request.timing_headers, to_json(answer))


async def stream(request: AdmittedRequest) -> None:
    """Answer /api/clone/stream: one line for each window, as soon as it is converted.

    What is wrong with a request is found before the first line is sent; a later error is sent as
    the last line.
    """
    service, account = request.service, request.account
    parsed = await request.parse(CloneRequest)
    rate = service.engine.manifest.sample_rate_hz
    # The windows are those of /api/clone, so that both give exactly the same samples.
    conversion = await service.prepare(account, parsed)
    headers = request.timing_headers | {"X-Accel-Buffering": "no"}
    await send_start(request.send, LINES_TYPE, headers)
    start_line = StreamStart(
        success=True,
        format="pcm_s16le",
        sample_rate=rate,
        channels=1,
        seconds=round(conversion.samples / rate, 6),
        samples=conversion.samples,
        windows=conversion.windows,
        lines=conversion.pieces,
        request_id=request.request_id,
    )
    await send_line(request.send, start_line)
    start = index = 0
    async with aclosing(service.convert(account, conversion)) as pieces:
        async for piece in pieces:
            samples = len(piece) // 2
            audio = await service.encode_base64(account, piece)
            line = StreamAudio(
                index=index,
                start_seconds=round(start / rate, 6),
                seconds=round(samples / rate, 6),
                progress=round((start + samples) / conversion.samples, 6),
                audio=audio.decode("ascii"),
            )
            await send_line(request.send, line)
            start += samples
            index += 1
    end_line = StreamEnd(
        success=True, message=SUCCESS_MESSAGE, stats=account.stats(), seed=conversion.seed
    )
    await send_line(request.send, end_line)
    await send_end(request.send)


_TONE_ERRORS = (
    *INTAKE_ERRORS,
    AudioTooLong,
    InvalidBase64,
    UndecodableAudio,
    AudioTooShort,
    SilentAudio,
)
_CLONE_ERRORS = (
    *_TONE_ERRORS,
    ToneModelMismatch,
    VoiceNotFound,
    VoicesDisabled,
    VoicesUnavailable,
)

_OPERATIONS = (
    Operation(
        "/api/clone",
        "post",
        "clone",
        Text(
            "执行音色克隆，将源音频的音色转换为目标音色。",
            "Converts the source to the voice of the target.",
        ),
        {JSON_TYPE: Cloned, negotiation.WAV: {"type": "string", "format": "binary"}},
        _CLONE_ERRORS,
        CloneRequest,
    ),
    Operation(
        "/api/clone/stream",
        "post",
        "clone_stream",
        Text(
            "与 /api/clone 相同，但边转换边返回：每行一个 JSON 对象，"
            "首行为格式，末行为统计或错误。",
            "Like /api/clone, but answers while it converts: one JSON object a line. The first "
            "holds the format, the last the stats or an error, those between hold audio.",
        ),
        {LINES_TYPE: (StreamStart, StreamAudio, StreamEnd)},
        _CLONE_ERRORS,
        CloneRequest,
    ),
    Operation(
        "/api/tone",
        "post",
        "tone",
        Text(
            "提取音色，返回的字符串可作为 /api/clone 的 target_tone 反复使用。",
            "Embeds a voice and returns its tone as a string, which /api/clone accepts as "
            "target_tone.",
        ),
        {JSON_TYPE: ToneAnswer},
        _TONE_ERRORS,
        ToneRequest,
    ),
)
