"""POST /api/verify: whether an audio file is marked as generated."""

from __future__ import annotations

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint
from server.endpoints.intake import INTAKE_ERRORS, AdmittedRequest, Intake
from server.http.answers import JSON_TYPE, send_whole, to_json
from server.messages.errors import AudioTooLong, AudioTooShort, InvalidBase64, UndecodableAudio
from server.messages.message import Text
from server.messages.requests import VerifyRequest
from server.messages.verification import Verified
from server.openapi.operation import Operation


def create(context: Context) -> list[Endpoint]:
    """Return the endpoint of one server."""
    return [Endpoint(_OPERATION, Intake(context, verify))]


async def verify(request: AdmittedRequest) -> None:
    """Answer /api/verify."""
    parsed = await request.parse(VerifyRequest)
    verified = await request.service.verify(request.account, parsed.audio)
    await send_whole(request.send, JSON_TYPE, request.timing_headers, to_json(verified))


_OPERATION = Operation(
    "/api/verify",
    "post",
    "verify",
    Text(
        "检测音频是否带有生成标记：音频中的水印与文件元数据中的标识。",
        "Tells whether a file is marked as generated: by the watermark in its audio, and by the "
        "label in its metadata.",
    ),
    {JSON_TYPE: Verified},
    (*INTAKE_ERRORS, AudioTooLong, InvalidBase64, UndecodableAudio, AudioTooShort),
    VerifyRequest,
)
