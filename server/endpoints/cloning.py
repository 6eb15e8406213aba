"""POST /api/clone, /api/clone/stream and /api/tone."""

from __future__ import annotations

from contextlib import aclosing

from runtime.encoding import Encoding
from runtime.resample import resampled_samples
from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.intake import INTAKE_ERRORS, AdmittedRequest, Intake
from server.endpoints.output import choose_output, send_audio
from server.http.answers import (
    JSON_TYPE,
    LINES_TYPE,
    send_end,
    send_line,
    send_start,
    send_whole,
    to_json,
)
from server.inference.engine import Conversion
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
    """Answer /api/clone: the whole result, as JSON or as a file."""
    service, account = request.service, request.account
    parsed = await request.parse(CloneRequest)
    output = choose_output(request.request, parsed, service.engine.manifest.sample_rate_hz)
    conversion = await service.prepare(account, parsed)
    file = await service.convert_to_file(account, conversion, output.encoding)
    if output.is_bytes:
        headers = request.result_headers | {"Vary": "Accept"}
        await send_whole(request.send, output.encoding.media_type, headers, file)
        return
    encoded = await service.encode_base64(account, file)
    del file
    answer = Cloned(
        success=True, message=SUCCESS_MESSAGE, result_audio=_PLACEHOLDER, stats=account.stats()
    )
    # Megabytes of base64 need no escaping, so they are inserted instead of passing the encoder.
    before, _, after = to_json(answer).partition(_PLACEHOLDER.encode())
    headers = request.result_headers | {"Vary": "Accept"}
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
    """Answer /api/clone/stream: audio as soon as it is converted, in lines or as one file.

    What is wrong with a request is found before the first byte is sent.
    """
    service, account = request.service, request.account
    parsed = await request.parse(CloneRequest)
    output = choose_output(request.request, parsed, service.engine.manifest.sample_rate_hz)
    # The windows are those of /api/clone, so that both give exactly the same samples.
    conversion = await service.prepare(account, parsed)
    headers = request.result_headers | {"Vary": "Accept", "X-Accel-Buffering": "no"}
    if output.is_bytes or parsed.format is not None:
        await send_start(request.send, output.encoding.media_type, headers)
        await send_audio(request, conversion, output.encoding)
    else:
        await send_start(request.send, LINES_TYPE, headers)
        await _send_lines(request, conversion, parsed.sample_rate)
    await send_end(request.send)


async def _send_lines(
    request: AdmittedRequest, conversion: Conversion, sample_rate_hz: int | None
) -> None:
    """Send one line for each piece, as soon as it is converted; an error becomes the last line."""
    service, account = request.service, request.account
    model_hz = service.engine.manifest.sample_rate_hz
    encoding = Encoding.choose("pcm", model_hz, sample_rate_hz=sample_rate_hz)
    rate = encoding.sample_rate_hz
    total = resampled_samples(conversion.samples, model_hz, rate)
    start_line = StreamStart(
        success=True,
        format="pcm_s16le",
        sample_rate=rate,
        channels=1,
        seconds=round(total / rate, 6),
        samples=total,
        windows=conversion.windows,
        lines=conversion.pieces,
        request_id=request.request_id,
    )
    await send_line(request.send, start_line)
    start = index = 0
    async with aclosing(service.convert_to_blocks(account, conversion, encoding)) as blocks:
        async for block in blocks:
            samples = len(block) // 2
            audio = await service.encode_base64(account, block)
            line = StreamAudio(
                index=index,
                start_seconds=round(start / rate, 6),
                seconds=round(samples / rate, 6),
                progress=round((start + samples) / total, 6),
                audio=audio.decode("ascii"),
            )
            await send_line(request.send, line)
            start += samples
            index += 1
    end_line = StreamEnd(
        success=True, message=SUCCESS_MESSAGE, stats=account.stats(), seed=conversion.seed
    )
    await send_line(request.send, end_line)


_TONE_ERRORS = (
    *INTAKE_ERRORS,
    AudioTooLong,
    InvalidBase64,
    UndecodableAudio,
    AudioTooShort,
    SilentAudio,
)
CLONE_ERRORS = (
    *_TONE_ERRORS,
    ToneModelMismatch,
    VoiceNotFound,
    VoicesDisabled,
    VoicesUnavailable,
)
"""The errors that a request to convert speech may be answered with."""

_BINARY = {"type": "string", "format": "binary"}
_AUDIO = {
    name: _BINARY
    for name in ("audio/wav", "audio/flac", "audio/mpeg", "audio/ogg", "audio/pcm", "audio/L16")
}

_OPERATIONS = (
    Operation(
        "/api/clone",
        "post",
        "clone",
        Text(
            "执行音色克隆，将源音频的音色转换为目标音色。",
            "Converts the source to the voice of the target.",
        ),
        {JSON_TYPE: Cloned, **_AUDIO},
        CLONE_ERRORS,
        CloneRequest,
    ),
    Operation(
        "/api/clone/stream",
        "post",
        "clone_stream",
        Text(
            "与 /api/clone 相同，但边转换边返回：每行一个 JSON 对象，"
            "首行为格式，末行为统计或错误。如以 Accept 请求头或 format 字段指定音频格式，"
            "则返回一个可直接播放的音频流，出错时中断连接。",
            "Like /api/clone, but answers while it converts: one JSON object a line. The first "
            "holds the format, the last the stats or an error, those between hold audio. Where "
            "the Accept header or the field format names an audio format, the answer is one "
            "audio stream, which is broken off if an error occurs.",
        ),
        {LINES_TYPE: (StreamStart, StreamAudio, StreamEnd), **_AUDIO},
        CLONE_ERRORS,
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
