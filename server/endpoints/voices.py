"""/api/voices: stored voices, to be named as a target in place of their audio."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint, Handler
from server.endpoints.intake import INTAKE_ERRORS, AdmittedRequest, Intake
from server.http.answers import JSON_TYPE, send_whole, to_json
from server.inference.stored_voices import not_found
from server.messages.error import ApiError
from server.messages.errors import (
    AudioTooLong,
    AudioTooShort,
    Internal,
    InvalidBase64,
    InvalidField,
    NotReady,
    Overloaded,
    RateLimited,
    SilentAudio,
    ToneModelMismatch,
    Unauthorized,
    UndecodableAudio,
    VoiceExists,
    VoiceNotFound,
    VoicesDisabled,
    VoicesFull,
    VoicesUnavailable,
)
from server.messages.message import Message, Text
from server.messages.requests import VoiceRequest
from server.messages.voice_names import MAXIMUM_NAME_CHARACTERS, VoiceName, parse_name
from server.messages.voices import VoiceAnswer, VoiceDeleted, VoiceList
from server.openapi.operation import Operation, Parameter
from server.openapi.request_schema import VOICE_NAME
from server.telemetry.request_record import RequestRecord

DEFAULT_PAGE = 100
LONGEST_PAGE = 1000

_ALL = "/api/voices"
_ONE = "/api/voices/{name}"
_CREATED = 201


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    voices = _Voices(context)
    handlers: tuple[Handler, ...] = (
        Intake(context, add),
        voices.list,
        voices.get,
        voices.delete,
    )
    return [Endpoint(*pair) for pair in zip(_OPERATIONS, handlers, strict=True)]


async def add(request: AdmittedRequest) -> None:
    """Answer POST /api/voices: save a voice."""
    parsed = await request.parse(VoiceRequest)
    voice = await request.service.voices.add(request.account, parsed)
    body = to_json(VoiceAnswer(success=True, voice=voice))
    await send_whole(request.send, JSON_TYPE, request.timing_headers, body, status=_CREATED)


class _Voices:
    """The handlers that cost no work on audio, for one server."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(self, request: Request) -> Response:
        voices = self._context.get_service().voices
        limit = read_page_size(request, "limit", DEFAULT_PAGE, LONGEST_PAGE)
        # One more than the page holds tells whether there is another page.
        found = await voices.list(owner_of(request), _read_after(request), limit + 1)
        page = found[:limit]
        more = page[-1].name if len(found) > limit else None
        return _json(VoiceList(success=True, voices=list(page), next=more))

    async def get(self, request: Request) -> Response:
        voices = self._context.get_service().voices
        voice = await voices.get(owner_of(request), read_name(request, "name"))
        return _json(VoiceAnswer(success=True, voice=voice))

    async def delete(self, request: Request) -> Response:
        voices = self._context.get_service().voices
        name = read_name(request, "name")
        await voices.delete(owner_of(request), name)
        return _json(VoiceDeleted(success=True, name=name))


def owner_of(request: Request) -> str:
    """Return the name of a request's key, to which its voices belong."""
    return RequestRecord.of(request.scope).key_name


def read_name(request: Request, param: str) -> VoiceName:
    """Return the voice that a request's path names.

    Raises:
        ApiError: `voice_not_found`.
    """
    text = request.path_params[param]
    name = parse_name(text)
    if name is None:
        raise not_found(text[:MAXIMUM_NAME_CHARACTERS], param)
    return name


def read_page_size(request: Request, param: str, default: int, longest: int) -> int:
    """Return the length of a page that a request's query asks for.

    Raises:
        ApiError: `invalid_field`.
    """
    text = request.query_params.get(param, str(default))
    # A number of many digits would take long to read.
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= size <= longest:
        expected = Text(f" 1 到 {longest} 之间的整数", f"a whole number from 1 to {longest}")
        raise ApiError(InvalidField(param=param, expected=expected))
    return size


def _read_after(request: Request) -> str:
    text = request.query_params.get("after", "")
    name = parse_name(text) if text else ""
    if name is None:
        expected = Text("声音名称", "the name of a voice")
        raise ApiError(InvalidField(param="after", expected=expected))
    return name


def _json(message: Message) -> Response:
    return Response(to_json(message), media_type=JSON_TYPE)


VOICE_ERRORS = (
    Unauthorized,
    VoicesDisabled,
    Overloaded,
    RateLimited,
    Internal,
    NotReady,
    VoicesUnavailable,
)
"""The errors that every request for stored voices may be answered with."""

ADD_ERRORS = (
    *INTAKE_ERRORS,
    AudioTooLong,
    InvalidBase64,
    UndecodableAudio,
    AudioTooShort,
    SilentAudio,
    ToneModelMismatch,
    VoicesDisabled,
    VoiceExists,
    VoicesFull,
    VoicesUnavailable,
)
"""The errors that a request to store a voice may be answered with."""

_NAME = Parameter("name", "path", VOICE_NAME, Text("声音名称。", "The voice's name."))

_OPERATIONS = (
    Operation(
        _ALL,
        "post",
        "add_voice",
        Text(
            "保存一个声音，之后用 target_voice 按名称使用。",
            "Stores a voice, to be named as target_voice from then on.",
        ),
        {JSON_TYPE: VoiceAnswer},
        ADD_ERRORS,
        VoiceRequest,
        status=_CREATED,
    ),
    Operation(
        _ALL,
        "get",
        "list_voices",
        Text("列出已保存的声音，按名称排序，分页返回。", "Lists stored voices by name, in pages."),
        {JSON_TYPE: VoiceList},
        (*VOICE_ERRORS, InvalidField),
        parameters=(
            Parameter(
                "after",
                "query",
                {**VOICE_NAME, "minLength": 0},
                Text(
                    "从此名称之后开始，取上一页的 next。",
                    "Name that the page begins after: `next` of the page before.",
                ),
            ),
            Parameter(
                "limit",
                "query",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": LONGEST_PAGE,
                    "default": DEFAULT_PAGE,
                },
                Text("每页最多个数。", "Most voices of the page."),
            ),
        ),
    ),
    Operation(
        _ONE,
        "get",
        "get_voice",
        Text("查看一个已保存的声音。", "Returns a stored voice."),
        {JSON_TYPE: VoiceAnswer},
        (*VOICE_ERRORS, VoiceNotFound),
        parameters=(_NAME,),
    ),
    Operation(
        _ONE,
        "delete",
        "delete_voice",
        Text("删除一个已保存的声音及其录音。", "Deletes a stored voice and its audio."),
        {JSON_TYPE: VoiceDeleted},
        (*VOICE_ERRORS, VoiceNotFound),
        parameters=(_NAME,),
    ),
)
