"""Every error of the API: code, status, facts, and what to do about it in both languages.

::

    ErrorDetail
    ├── InvalidJson, InvalidMultipart, UnexpectedMessage    400
    ├── Unauthorized                                        401
    ├── OriginNotAllowed                                    403
    ├── NotFound, MethodNotAllowed                          404, 405
    ├── VoicesDisabled                                      404
    ├── UploadTimeout                                       408
    ├── VoicesFull                                          409
    ├── BodyTooLarge                                        413
    ├── UnsupportedMediaType                                415
    ├── FieldError                                          422
    │   ├── MissingField, InvalidField, ToneModelMismatch
    │   ├── VoiceNotFound                                   404
    │   ├── VoiceExists                                     409
    │   └── ClipError
    │       ├── InvalidBase64, UndecodableAudio, AudioTooShort, SilentAudio
    │       └── AudioTooLong                                413
    ├── RetryableError
    │   ├── Overloaded, RateLimited                         429
    │   └── NotReady, VoicesUnavailable                     503
    ├── Internal                                            500
    └── DeadlineExceeded                                    504
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from runtime.errors import (
    AudioError,
    UndecodableReason,
)
from runtime.limits import MAXIMUM_CHANNELS, MAXIMUM_SAMPLE_RATE_HZ, MINIMUM_SAMPLE_RATE_HZ
from server.messages.error import (
    ApiError,
    ClipError,
    ErrorDetail,
    FieldError,
    RetryableError,
)
from server.messages.message import Language, Text, about

LimitSeconds = Annotated[float, about("上限（秒）。", "The limit, in seconds.", 300.0)]

_KHZ_FROM = f"{MINIMUM_SAMPLE_RATE_HZ / 1000:g}"
_KHZ_TO = f"{MAXIMUM_SAMPLE_RATE_HZ / 1000:g}"


class InvalidJson(ErrorDetail, tag="invalid_json", frozen=True, kw_only=True):
    """The body is not a JSON object, or is nested absurdly."""

    status: ClassVar = 400
    message: ClassVar = Text(
        "请求体不是有效的 JSON 对象，请检查后重新发送。",
        "The request body is not a valid JSON object; correct it and send it again.",
    )


class InvalidMultipart(ErrorDetail, tag="invalid_multipart", frozen=True, kw_only=True):
    """The body is not a form."""

    status: ClassVar = 400
    message: ClassVar = Text(
        "请求体不是有效的 multipart/form-data，请检查分隔符（boundary）和各部分的头。",
        "The request body is not valid multipart/form-data; check its boundary and part headers.",
    )


class UnexpectedMessage(ErrorDetail, tag="unexpected_message", frozen=True, kw_only=True):
    """A message of a live session was not due."""

    status: ClassVar = 400
    message: ClassVar = Text(
        "消息不符合当前阶段：此处应发送{expected}。",
        "That message was not due: send {expected}.",
    )
    expected: Annotated[
        Text,
        about(
            "应发送的消息。",
            "The message that was due.",
            Text("二进制消息", "a binary message"),
        ),
    ]


class OriginNotAllowed(ErrorDetail, tag="origin_not_allowed", frozen=True, kw_only=True):
    """A page of another origin opened a live session."""

    status: ClassVar = 403
    message: ClassVar = Text(
        "不允许来自该网页（Origin）的连接，请联系管理员将其加入允许列表。",
        "Pages of this origin may not connect; the server's operator can allow it.",
    )


class Unauthorized(ErrorDetail, tag="unauthorized", frozen=True, kw_only=True):
    """The API key is missing or wrong."""

    status: ClassVar = 401
    message: ClassVar = Text(
        "需要 API 密钥，请在请求头中加入 Authorization: Bearer <密钥>。",
        "An API key is needed: send the header Authorization: Bearer <key>.",
    )

    def headers(self) -> Mapping[str, str]:
        """Return the header that names the scheme."""
        return {"WWW-Authenticate": "Bearer"}


class NotFound(ErrorDetail, tag="not_found", frozen=True, kw_only=True):
    """No such address."""

    status: ClassVar = 404
    message: ClassVar = Text(
        "没有这个地址，接口列表见首页。",
        "There is nothing at this address; see the page at /.",
    )


class MethodNotAllowed(ErrorDetail, tag="method_not_allowed", frozen=True, kw_only=True):
    """The address exists, but not for this method."""

    status: ClassVar = 405
    message: ClassVar = Text(
        "此地址不支持该请求方法，支持的方法见 Allow 响应头。",
        "This address does not accept that method; the Allow header lists those it accepts.",
    )


class VoiceNotFound(FieldError, tag="voice_not_found", frozen=True, kw_only=True):
    """No voice of that name is stored."""

    status: ClassVar = 404
    message: ClassVar = Text(
        "没有名为 {voice} 的声音，可用 GET /api/voices 查看已保存的声音。",
        "There is no voice named {voice}; GET /api/voices lists those that are stored.",
    )
    voice: Annotated[str, about("未找到的声音名称。", "The name that was not found.", "anna")]


class VoicesDisabled(ErrorDetail, tag="voices_disabled", frozen=True, kw_only=True):
    """The server stores no voices."""

    status: ClassVar = 404
    message: ClassVar = Text(
        "此服务器不保存声音，请由管理员设置 OPENVOICE_VOICES。",
        "This server stores no voices; its operator can set OPENVOICE_VOICES.",
    )


class VoiceExists(FieldError, tag="voice_exists", frozen=True, kw_only=True):
    """The name is taken."""

    status: ClassVar = 409
    message: ClassVar = Text(
        "已有同名的声音，请换一个名称，或先删除原来的声音。",
        "A voice of that name exists; choose another name, or delete that voice first.",
    )


class VoicesFull(ErrorDetail, tag="voices_full", frozen=True, kw_only=True):
    """No more voices may be stored."""

    status: ClassVar = 409
    message: ClassVar = Text(
        "最多保存 {maximum} 个声音，请先删除不用的声音。",
        "At most {maximum} voices are stored; delete one that is no longer used.",
    )
    maximum: Annotated[int, about("最多保存的声音数。", "Most voices that are stored.", 10_000)]


class UploadTimeout(ErrorDetail, tag="upload_timeout", frozen=True, kw_only=True):
    """The upload paused or lasted for too long."""

    status: ClassVar = 408
    message: ClassVar = Text(
        "上传超时，请检查网络后重试。",
        "The upload took too long; check the connection and try again.",
    )
    limit_seconds: LimitSeconds


class BodyTooLarge(ErrorDetail, tag="body_too_large", frozen=True, kw_only=True):
    """The body exceeds the limit."""

    status: ClassVar = 413
    message: ClassVar = Text(
        "发送的数据过大，最多 {limit_bytes} 字节；请将音频切成小段，或使用压缩的音频格式。",
        "What was sent is too large, {limit_bytes} bytes at most; cut the audio into pieces, or "
        "use a compressed audio format.",
    )
    limit_bytes: Annotated[int, about("上限（字节）。", "The limit, in bytes.", 67108864)]


class AudioTooLong(ClipError, tag="audio_too_long", frozen=True, kw_only=True):
    """A clip is longer than the limit."""

    status: ClassVar = 413
    message: ClassVar = Text(
        "{param} 过长，最长 {maximum_seconds:g} 秒，请剪短或切分后再发送。",
        "{param} is too long, {maximum_seconds:g} seconds at most; shorten it or split it.",
    )
    seconds: Annotated[
        float | None,
        about(
            "音频时长（秒）；未测出时为 null。", "Length in seconds; null if not measured.", 660.0
        ),
    ]
    maximum_seconds: Annotated[float, about("最长秒数。", "The limit, in seconds.", 600.0)]


class UnsupportedMediaType(ErrorDetail, tag="unsupported_media_type", frozen=True, kw_only=True):
    """The body's media type or encoding is not accepted."""

    status: ClassVar = 415
    message: ClassVar = Text(
        "请以 application/json 或 multipart/form-data 发送请求体，不要使用 Content-Encoding 压缩。",
        "Send the body as application/json or multipart/form-data, without a Content-Encoding.",
    )


class MissingField(FieldError, tag="missing_field", frozen=True, kw_only=True):
    """A required field is absent or null."""

    status: ClassVar = 422
    message: ClassVar = Text("缺少字段 {param}。", "The field {param} is missing.")


class InvalidField(FieldError, tag="invalid_field", frozen=True, kw_only=True):
    """A field has a value that it cannot have."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "字段 {param} 无效：应为{expected}。",
        "The field {param} is not valid: it must be {expected}.",
    )
    expected: Annotated[
        Text,
        about(
            "应有的值。",
            "What the value must be.",
            Text(" 0 到 1 之间的数字", "a number from 0 to 1"),
        ),
    ]


class InvalidBase64(ClipError, tag="invalid_base64", frozen=True, kw_only=True):
    """A clip or a tone is not base64."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "{param} 不是有效的 base64，请发送音频文件的 base64 编码或 data URL。",
        "{param} is not valid base64; send the audio file in base64 or as a data URL.",
    )


class UndecodableAudio(ClipError, tag="undecodable_audio", frozen=True, kw_only=True):
    """A clip is not audio that can be decoded."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "无法解码 {param}：{why}。请发送 WAV、MP3、FLAC 或 OGG 音频"
        f"（采样率 {_KHZ_FROM} 至 {_KHZ_TO} kHz，1 至 {MAXIMUM_CHANNELS} 声道）。",
        "{param} cannot be decoded: {why}. Send WAV, MP3, FLAC or OGG audio, "
        f"{_KHZ_FROM} to {_KHZ_TO} kHz, 1 to {MAXIMUM_CHANNELS} channels.",
    )
    reason: Annotated[
        UndecodableReason, about("无法解码的原因。", "Why it cannot be decoded.", "sample_rate")
    ]
    sample_rate_hz: Annotated[
        int | UnsetType,
        about("文件的采样率（Hz）。", "The file's sample rate in Hz.", 1000),
    ] = UNSET
    channels: Annotated[
        int | UnsetType, about("文件的声道数。", "The file's number of channels.")
    ] = UNSET

    def sentence(self, language: Language) -> str:
        """Return the message in one language, the reason put into words."""
        why = _WHY_UNDECODABLE[self.reason].to(language)
        return self.message.to(language).format(param=self.param, why=why)


class AudioTooShort(ClipError, tag="audio_too_short", frozen=True, kw_only=True):
    """A target is shorter than the limit, or a source is empty."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "{param} 过短：仅 {seconds:.2f} 秒；至少需要 {minimum_seconds:g} 秒。",
        "{param} is too short: {seconds:.2f} seconds; it needs at least {minimum_seconds:g}.",
    )
    empty_message: ClassVar = Text(
        "{param} 为空，没有音频数据。", "{param} is empty: it holds no audio."
    )
    seconds: Annotated[float, about("音频时长（秒）。", "Length in seconds.", 0.2)]
    minimum_seconds: Annotated[float, about("最短秒数。", "The least length, in seconds.", 0.5)]

    def sentence(self, language: Language) -> str:
        """Return the message in one language; empty audio has a message of its own."""
        message = self.message if self.seconds else self.empty_message
        return message.to(language).format(**self.to_builtins(language))


class SilentAudio(ClipError, tag="silent_audio", frozen=True, kw_only=True):
    """A target holds no voice."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "{param} 中没有声音，请换一段清晰的人声。",
        "{param} is silent; send a clear recording of the voice.",
    )


class ToneModelMismatch(FieldError, tag="tone_model_mismatch", frozen=True, kw_only=True):
    """A tone was made by another model."""

    status: ClassVar = 422
    message: ClassVar = Text(
        "{param} 中的音色来自另一个模型，请用 /api/tone 重新获取，或重新保存该声音。",
        "The tone in {param} was made by another model; request it again from /api/tone, or save "
        "the voice again.",
    )


class Overloaded(RetryableError, tag="overloaded", frozen=True, kw_only=True):
    """No place or no memory is free."""

    status: ClassVar = 429
    message: ClassVar = Text(
        "服务繁忙，请在 {retry_after_seconds} 秒后重试。",
        "The server is busy; try again in {retry_after_seconds} seconds.",
    )


Limited = Literal["requests", "audio_seconds"]


class RateLimited(RetryableError, tag="rate_limited", frozen=True, kw_only=True):
    """An API key has used up its allowance of the minute."""

    status: ClassVar = 429
    message: ClassVar = Text(
        "已超过此密钥每分钟的限额（{limited}：{per_minute:g}），请在 {retry_after_seconds} "
        "秒后重试。",
        "This key's limit a minute is used up ({limited}: {per_minute:g}); try again in "
        "{retry_after_seconds} seconds.",
    )
    limited: Annotated[
        Limited,
        about(
            "受限的用量：requests 请求数，audio_seconds 音频秒数。",
            "What is limited: requests, or audio_seconds.",
            "requests",
        ),
    ]
    per_minute: Annotated[float, about("每分钟的限额。", "The limit a minute.", 60.0)]


class Internal(ErrorDetail, tag="internal", frozen=True, kw_only=True):
    """A fault of the server."""

    status: ClassVar = 500
    message: ClassVar = Text(
        "服务器内部错误，请将 request_id 告知管理员。",
        "The server failed; give its operator the request_id.",
    )


class NotReady(RetryableError, tag="not_ready", frozen=True, kw_only=True):
    """The model is loading, or the server drains."""

    status: ClassVar = 503
    message: ClassVar = Text(
        "服务正在启动或停止，请在 {retry_after_seconds} 秒后重试。",
        "The server is starting or stopping; try again in {retry_after_seconds} seconds.",
    )


class VoicesUnavailable(RetryableError, tag="voices_unavailable", frozen=True, kw_only=True):
    """The database of voices cannot be used."""

    status: ClassVar = 503
    message: ClassVar = Text(
        "暂时无法读写已保存的声音，请在 {retry_after_seconds} 秒后重试；其它功能不受影响。",
        "Stored voices cannot be reached; try again in {retry_after_seconds} seconds. Everything "
        "else works.",
    )


class DeadlineExceeded(ErrorDetail, tag="deadline_exceeded", frozen=True, kw_only=True):
    """The work took longer than the limit."""

    status: ClassVar = 504
    message: ClassVar = Text(
        "处理超过 {limit_seconds:g} 秒，请将音频切成小段后重试。",
        "The request took more than {limit_seconds:g} seconds; cut the audio into pieces.",
    )
    limit_seconds: LimitSeconds


ERRORS: Mapping[str, type[ErrorDetail]] = {
    detail.code(): detail
    for detail in (
        InvalidJson,
        InvalidMultipart,
        UnexpectedMessage,
        Unauthorized,
        OriginNotAllowed,
        NotFound,
        VoiceNotFound,
        VoicesDisabled,
        MethodNotAllowed,
        UploadTimeout,
        VoiceExists,
        VoicesFull,
        BodyTooLarge,
        AudioTooLong,
        UnsupportedMediaType,
        MissingField,
        InvalidField,
        InvalidBase64,
        UndecodableAudio,
        AudioTooShort,
        SilentAudio,
        ToneModelMismatch,
        Overloaded,
        RateLimited,
        Internal,
        NotReady,
        VoicesUnavailable,
        DeadlineExceeded,
    )
}
"""Every error by its code."""

_WHY_UNDECODABLE: Mapping[UndecodableReason, Text] = {
    "unknown_format": Text("不是支持的音频格式", "it is in none of the formats"),
    "formats_not_installed": Text(
        "服务器未安装读取 M4A、AAC、WebM 与 MP4 的可选组件 formats",
        "the server lacks the extra `formats`, which reads M4A, AAC, WebM and MP4",
    ),
    "no_audio_track": Text("文件中没有音轨", "it has no sound track"),
    "unknown_codec": Text(
        "音轨不是 AAC、ALAC、FLAC、MP3、Opus 或 Vorbis 编码",
        "its sound is not in AAC, ALAC, FLAC, MP3, Opus or Vorbis",
    ),
    "corrupt": Text("音频数据已损坏", "its audio data is damaged"),
    "truncated": Text("文件不完整", "the file is cut short"),
    "sample_rate": Text("采样率超出范围", "its sample rate is out of range"),
    "channels": Text("声道过多", "it has too many channels"),
    "not_finite": Text(
        "含有无效的采样值（NaN 或无穷大）", "it holds samples that are not finite numbers"
    ),
}


def from_runtime(error: AudioError, param: str, index: int | None) -> ApiError:
    """Return the API's error for a clip that the runtime cannot use.

    Args:
        error: The runtime's error, whose code and facts the API's error takes over.
        param: The field that the clip came in.
        index: Its position in the field's list, where it is a list.
    """
    place = UNSET if index is None else index
    return ApiError(ERRORS[error.code](**{"param": param, "index": place, **error.facts}))
