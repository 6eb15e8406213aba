"""The requests, answers and errors of ElevenLabs' API, as far as it is served."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from server.messages.error import ApiError, ErrorDetail, ErrorForm
from server.messages.message import Language, Message, Text, about
from server.messages.requests import AUDIO_TEXT, Clip, Request, SeedField

PREFIXES = ("/v1/", "/v2/")
"""What the paths of ElevenLabs' API begin with."""

_TAKEN, _REFUSED = 409, 400

InputFormat = Literal["pcm_s16le_16", "other"]


class SpeechRequest(Request, frozen=True, kw_only=True):
    """A request to convert speech to a stored voice."""

    audio: Annotated[
        Clip,
        about("要转换的语音。", "The speech to convert.", expected=AUDIO_TEXT),
    ]
    voice_settings: Annotated[
        str | None,
        about(
            "JSON 文本；其中 similarity_boost（0 到 1）即 tau，其余字段忽略。",
            "JSON as text; its similarity_boost, 0 to 1, is tau, and its other fields are ignored.",
            '{"similarity_boost": 0.5}',
            expected=Text(
                " JSON 对象文本，其中 similarity_boost 为 0 到 1 之间的数字",
                "the text of a JSON object whose similarity_boost is a number from 0 to 1",
            ),
        ),
        Meta(extra_json_schema={"format": "voice-settings"}),
    ] = None
    seed: SeedField = None
    file_format: Annotated[
        InputFormat,
        about(
            "audio 的格式：pcm_s16le_16 为 16 kHz 单声道 16 位小端采样点，other 为音频文件。",
            "What audio is: pcm_s16le_16 is 16-bit little-endian mono samples at 16 kHz, other an "
            "audio file.",
            "other",
            expected=Text("以下之一：pcm_s16le_16、other", "pcm_s16le_16 or other"),
        ),
    ] = "other"


class AddVoiceRequest(Request, frozen=True, kw_only=True):
    """A request to store a voice."""

    name: Annotated[
        str,
        about(
            "声音名称；名称中不允许的字符替换为 -，结果即 voice_id。",
            "The voice's name; characters that a name cannot have become -, and the result is the "
            "voice_id.",
            "ben",
            expected=Text("至少含一个字母或数字的文本", "a text with a letter or a digit"),
        ),
        Meta(extra_json_schema={"format": "voice-title"}),
    ]
    files: Annotated[
        tuple[Clip, ...],
        about(
            "声音的录音；可多段。",
            "Recordings of the voice.",
            expected=AUDIO_TEXT,
        ),
    ]


class ListedVoice(Message, frozen=True, kw_only=True):
    """A stored voice."""

    voice_id: Annotated[str, about("声音的编号，即其名称。", "Its id: its name.", "anna")]
    name: Annotated[str, about("声音名称。", "The voice's name.", "anna")]
    category: Annotated[Literal["cloned"], about("类别。", "The kind of voice.", "cloned")]
    labels: Annotated[dict[str, str], about("标签，始终为空。", "Labels; there are none.", {})]
    is_owner: Annotated[bool, about("是否为自己的声音。", "Whether it is the client's own.", True)]
    created_at_unix: Annotated[
        int, about("保存时间（Unix 秒）。", "When it was stored, in Unix seconds.", 1769860800)
    ]


class ListedVoices(Message, frozen=True, kw_only=True):
    """The answer of GET /v1/voices."""

    voices: Annotated[list[ListedVoice], about("所有声音，按名称排序。", "Every voice, by name.")]


class FoundVoices(Message, frozen=True, kw_only=True):
    """The answer of GET /v2/voices."""

    voices: Annotated[list[ListedVoice], about("本页的声音。", "The voices of the page, by name.")]
    has_more: Annotated[bool, about("是否还有下一页。", "Whether there are more voices.", False)]
    total_count: Annotated[int, about("符合条件的声音总数。", "Number of all that match.", 1)]
    next_page_token: Annotated[
        str | None,
        about("下一页的 next_page_token。", "Token of the next page; null on the last.", "anna"),
    ]


class AddedVoice(Message, frozen=True, kw_only=True):
    """The answer of POST /v1/voices/add."""

    voice_id: Annotated[str, about("声音的编号，即其名称。", "Its id: its name.", "ben")]
    requires_verification: Annotated[
        Literal[False], about("无需验证。", "No verification is needed.", False)
    ]


class DeletedVoice(Message, frozen=True, kw_only=True):
    """The answer of DELETE /v1/voices/{voice_id}."""

    status: Annotated[Literal["ok"], about("已删除。", "It is deleted.", "ok")]


class Detail(Message, frozen=True, kw_only=True):
    """What went wrong."""

    status: Annotated[str, about("错误码。", "The error's code.", "voice_not_found")]
    message: Annotated[str, about("出错原因与处理办法。", "What went wrong and what to do.")]


class DetailedError(Message, frozen=True, kw_only=True):
    """The answer to a request that failed."""

    detail: Annotated[Detail, about("错误信息。", "What went wrong.")]

    @classmethod
    def of(cls, error: ApiError, language: Language) -> DetailedError:
        """Return the answer in one language."""
        return cls(detail=Detail(status=error.code, message=error.detail.sentence(language)))


def status_of(error: type[ErrorDetail]) -> int:
    """Return the status that an error has here.

    ElevenLabs' SDK sends a request again after 409, without its files.
    """
    return _REFUSED if error.status == _TAKEN else error.status


ERROR_FORM = ErrorForm(DetailedError, status_of)
"""How the errors of these paths are answered."""
