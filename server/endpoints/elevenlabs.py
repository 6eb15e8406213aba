"""The paths of ElevenLabs' API: speech to speech, and voices; for clients written against it."""

from __future__ import annotations

import asyncio
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from runtime import wav
from runtime.encoding import Encoding
from server.endpoints.cloning import CLONE_ERRORS
from server.endpoints.context import Context
from server.endpoints.endpoint import Endpoint, Handler
from server.endpoints.intake import AdmittedRequest, Intake
from server.endpoints.output import send_audio
from server.endpoints.voices import (
    ADD_ERRORS,
    VOICE_ERRORS,
    owner_of,
    read_name,
    read_page_size,
)
from server.http.answers import JSON_TYPE, send_end, send_start, send_whole, to_json
from server.http.elevenlabs_fields import (
    DEFAULT_OUTPUT_FORMAT,
    OUTPUT_FORMATS,
    read_output_format,
    read_tau,
    to_voice_name,
)
from server.inference.engine import Conversion
from server.inference.stored_voices import StoredVoices
from server.messages.elevenlabs import (
    ERROR_FORM,
    AddedVoice,
    AddVoiceRequest,
    DeletedVoice,
    FoundVoices,
    ListedVoice,
    ListedVoices,
    SpeechRequest,
)
from server.messages.error import ApiError
from server.messages.errors import InvalidField, VoiceNotFound
from server.messages.message import Text
from server.messages.requests import Clip, CloneRequest, VoiceRequest, field_of
from server.messages.voice_names import MAXIMUM_NAME_CHARACTERS, VoiceMix, VoiceName
from server.messages.voices import Voice
from server.openapi.operation import Operation, Parameter
from server.openapi.request_schema import VOICE_NAME

_INPUT_HZ = 16_000
_VOICES_A_READ = 1000
_DEFAULT_PAGE, _LONGEST_PAGE = 10, 100
_MOST_OF_A_NAME = 100
"""Voices that are numbered apart; more of one name are refused as taken."""

# Two names of each: the one that ElevenLabs documents, and the one that its SDK calls.
_CONVERSIONS = ("speech-to-speech", "voice-changer")


def create(context: Context) -> list[Endpoint]:
    """Return the endpoints of one server."""
    voices = _Voices(context)
    conversions: tuple[Handler, ...] = (Intake(context, convert), Intake(context, stream))
    handlers = (
        *(conversions * len(_CONVERSIONS)),
        # before those of one voice, whose path would match it
        Intake(context, add),
        voices.list,
        voices.search,
        voices.get,
        voices.delete,
    )
    return [Endpoint(*pair) for pair in zip(_OPERATIONS, handlers, strict=True)]


async def convert(request: AdmittedRequest) -> None:
    """Convert speech, and answer the whole file."""
    conversion, encoding = await _prepare(request)
    file = await request.service.convert_to_file(request.account, conversion, encoding)
    await send_whole(request.send, encoding.media_type, request.result_headers, file)


async def stream(request: AdmittedRequest) -> None:
    """Convert speech, and answer each piece of the file as soon as it is made."""
    conversion, encoding = await _prepare(request)
    headers = request.result_headers | {"X-Accel-Buffering": "no"}
    await send_start(request.send, encoding.media_type, headers)
    await send_audio(request, conversion, encoding)
    await send_end(request.send)


async def add(request: AdmittedRequest) -> None:
    """Store a voice."""
    parsed = await request.parse(AddVoiceRequest)
    name = to_voice_name(parsed.name)
    if name is None:
        raise field_of(AddVoiceRequest, "name").invalid()
    voices, account = request.service.voices, request.account
    # ElevenLabs' names need not differ, and its SDK expects that none is taken.
    free = await _free_name(voices, account.owner, name)
    voice = await voices.add(account, VoiceRequest(name=free, audio=parsed.files))
    body = to_json(AddedVoice(voice_id=voice.name, requires_verification=False))
    await send_whole(request.send, JSON_TYPE, request.timing_headers, body)


class _Voices:
    """The handlers that cost no work on audio, for one server."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(self, request: Request) -> Response:
        answer = ListedVoices(
            voices=[_listed(voice) for voice in await _all(self._context, request)]
        )
        # Ten thousand voices take long enough to hold up other requests.
        return Response(await asyncio.to_thread(to_json, answer), media_type=JSON_TYPE)

    async def search(self, request: Request) -> Response:
        size = read_page_size(request, "page_size", _DEFAULT_PAGE, _LONGEST_PAGE)
        wanted = request.query_params.get("search", "").casefold()
        after = request.query_params.get("next_page_token", "")
        found = [
            each for each in await _all(self._context, request) if wanted in each.name.casefold()
        ]
        rest = [voice for voice in found if voice.name > after]
        page, has_more = rest[:size], len(rest) > size
        answer = FoundVoices(
            voices=[_listed(voice) for voice in page],
            has_more=has_more,
            total_count=len(found),
            next_page_token=page[-1].name if has_more else None,
        )
        return Response(to_json(answer), media_type=JSON_TYPE)

    async def get(self, request: Request) -> Response:
        voices = self._context.get_service().voices
        voice = await voices.get(owner_of(request), read_name(request, "voice_id"))
        return Response(to_json(_listed(voice)), media_type=JSON_TYPE)

    async def delete(self, request: Request) -> Response:
        voices = self._context.get_service().voices
        await voices.delete(owner_of(request), read_name(request, "voice_id"))
        return Response(to_json(DeletedVoice(status="ok")), media_type=JSON_TYPE)


async def _all(context: Context, request: Request) -> list[Voice]:
    """Return every voice of a request's key, by name."""
    voices, owner = context.get_service().voices, owner_of(request)
    found: list[Voice] = []
    while True:
        page = await voices.list(owner, found[-1].name if found else "", _VOICES_A_READ)
        found += page
        if len(page) < _VOICES_A_READ:
            return found


async def _free_name(voices: StoredVoices, owner: str, name: VoiceName) -> VoiceName:
    """Return a name, or one with a number after it that no voice has."""
    for number in range(2, _MOST_OF_A_NAME):
        try:
            await voices.get(owner, name)
        except ApiError as error:
            if not isinstance(error.detail, VoiceNotFound):
                raise
            break
        stem = name if number == 2 else name.rpartition("-")[0]
        ending = f"-{number}"
        name = VoiceName(stem[: MAXIMUM_NAME_CHARACTERS - len(ending)] + ending)
    return name


async def _prepare(request: AdmittedRequest) -> tuple[Conversion, Encoding]:
    """Prepare a conversion; once it returns, the request is valid."""
    service = request.service
    output_format = request.request.query_params.get("output_format", DEFAULT_OUTPUT_FORMAT)
    encoding = read_output_format(output_format, service.engine.manifest.sample_rate_hz)
    name = read_name(request.request, "voice_id")
    parsed = await request.parse(SpeechRequest)
    source = parsed.audio
    if parsed.file_format == "pcm_s16le_16":
        data = source.take()
        samples = len(data) // 2
        file = wav.header(samples, _INPUT_HZ) + bytes(data[: 2 * samples])
        source = Clip(file, source.param)
    clone = CloneRequest(
        target_voice=VoiceMix({name: 1.0}),
        source_audio=source,
        tau=read_tau(parsed.voice_settings),
        seed=parsed.seed,
        sample_rate=encoding.sample_rate_hz,
    )
    return await service.prepare(request.account, clone), encoding


def _listed(voice: Voice) -> ListedVoice:
    created = datetime.fromisoformat(voice.created)
    return ListedVoice(
        voice_id=voice.name,
        name=voice.name,
        category="cloned",
        labels={},
        is_owner=True,
        created_at_unix=int(created.timestamp()),
    )


_VOICE_ID = Parameter(
    "voice_id", "path", VOICE_NAME, Text("声音的编号，即其名称。", "The voice's id: its name.")
)
_OUTPUT_FORMAT = Parameter(
    "output_format",
    "query",
    {"type": "string", "enum": list(OUTPUT_FORMATS), "default": DEFAULT_OUTPUT_FORMAT},
    Text(
        "结果的格式：编码、采样率、比特率（kbit/s）。",
        "Format of the result: codec, sample rate, and bit rate in kbit/s.",
    ),
)
_BINARY = {"type": "string", "format": "binary"}
_AUDIO = {
    name: _BINARY
    for name in (
        *("audio/mpeg", "audio/wav", "audio/ogg", "audio/pcm"),
        *("audio/basic", "audio/x-alaw-basic"),
    )
}
_ONE = "/v1/voices/{voice_id}"


def _conversion(path: str, name: str, about: Text) -> Operation:
    return Operation(
        "/v1/" + path,
        "post",
        name,
        about,
        _AUDIO,
        CLONE_ERRORS,
        SpeechRequest,
        parameters=(_VOICE_ID, _OUTPUT_FORMAT),
        error_form=ERROR_FORM,
    )


_OPERATIONS = (
    *(
        operation
        for name in _CONVERSIONS
        for operation in (
            _conversion(
                f"{name}/{{voice_id}}",
                f"elevenlabs_{name}".replace("-", "_"),
                Text(
                    "ElevenLabs 接口：把语音转换成已保存的声音，返回音频文件。",
                    "ElevenLabs API: converts speech to a stored voice, and answers an audio file.",
                ),
            ),
            _conversion(
                f"{name}/{{voice_id}}/stream",
                f"elevenlabs_{name}_stream".replace("-", "_"),
                Text(
                    "ElevenLabs 接口：把语音转换成已保存的声音，边转换边返回音频。",
                    "ElevenLabs API: converts speech to a stored voice, and "
                    "answers audio while it converts.",
                ),
            ),
        )
    ),
    Operation(
        "/v1/voices/add",
        "post",
        "elevenlabs_add_voice",
        Text("ElevenLabs 接口：保存一个声音。", "ElevenLabs API: stores a voice."),
        {JSON_TYPE: AddedVoice},
        ADD_ERRORS,
        AddVoiceRequest,
        error_form=ERROR_FORM,
    ),
    Operation(
        "/v1/voices",
        "get",
        "elevenlabs_list_voices",
        Text(
            "ElevenLabs 接口：列出已保存的声音。",
            "ElevenLabs API: lists the stored voices.",
        ),
        {JSON_TYPE: ListedVoices},
        VOICE_ERRORS,
        error_form=ERROR_FORM,
    ),
    Operation(
        "/v2/voices",
        "get",
        "elevenlabs_search_voices",
        Text(
            "ElevenLabs 接口：按名称查找声音，分页返回；其余查询参数忽略。",
            "ElevenLabs API: finds stored voices by name, in pages; its other parameters are "
            "ignored.",
        ),
        {JSON_TYPE: FoundVoices},
        (*VOICE_ERRORS, InvalidField),
        parameters=(
            Parameter(
                "search",
                "query",
                {"type": "string"},
                Text("名称中包含的文本。", "Text that a name contains."),
            ),
            Parameter(
                "next_page_token",
                "query",
                {"type": "string"},
                Text("上一页的 next_page_token。", "`next_page_token` of the page before."),
            ),
            Parameter(
                "page_size",
                "query",
                {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": _LONGEST_PAGE,
                    "default": _DEFAULT_PAGE,
                },
                Text("每页最多个数。", "Most voices of the page."),
            ),
        ),
        error_form=ERROR_FORM,
    ),
    Operation(
        _ONE,
        "get",
        "elevenlabs_get_voice",
        Text(
            "ElevenLabs 接口：查看一个声音。",
            "ElevenLabs API: returns a stored voice.",
        ),
        {JSON_TYPE: ListedVoice},
        (*VOICE_ERRORS, VoiceNotFound),
        parameters=(_VOICE_ID,),
        error_form=ERROR_FORM,
    ),
    Operation(
        _ONE,
        "delete",
        "elevenlabs_delete_voice",
        Text(
            "ElevenLabs 接口：删除一个声音。",
            "ElevenLabs API: deletes a stored voice.",
        ),
        {JSON_TYPE: DeletedVoice},
        (*VOICE_ERRORS, VoiceNotFound),
        parameters=(_VOICE_ID,),
        error_form=ERROR_FORM,
    ),
)
