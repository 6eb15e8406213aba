"""The one table of errors: code, status, and what to do about it in Chinese and in English.

Whatever goes wrong with a request becomes an `ApiError`, made by code or from an error of the
runtime, whose codes are the same. The table is also what /openapi.json and the page show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runtime.errors import AudioError

Language = Literal["zh", "en"]
Texts = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of the table.

    Args:
        status: HTTP status.
        texts: The message in each language; `{names}` are filled from the error's facts.
        facts: What else the error says, by name, with the JSON type of each.
    """

    status: int
    texts: Texts
    facts: Mapping[str, str] = field(default_factory=dict)


def _row(status: int, zh: str, en: str, **facts: str) -> ErrorRow:
    return ErrorRow(status, {"zh": zh, "en": en}, facts)


ERRORS: Mapping[str, ErrorRow] = {
    "invalid_json": _row(
        400,
        "请求体不是有效的 JSON 对象，请检查后重新发送。",
        "The request body is not a valid JSON object; correct it and send it again.",
    ),
    "invalid_multipart": _row(
        400,
        "请求体不是有效的 multipart/form-data，请检查分隔符与各部分的头。",
        "The request body is not valid multipart/form-data; check its boundary and part headers.",
    ),
    "unauthorized": _row(
        401,
        "需要 API 密钥，请在请求头中加入 Authorization: Bearer <密钥>。",
        "An API key is needed: send the header Authorization: Bearer <key>.",
    ),
    "not_found": _row(
        404,
        "没有这个地址，接口列表见首页。",
        "There is nothing at this address; see the page at /.",
    ),
    "method_not_allowed": _row(
        405,
        "此地址不支持该请求方法，支持的方法见 Allow 响应头。",
        "This address does not take that method; the Allow header lists those it takes.",
    ),
    "upload_timeout": _row(
        408,
        "上传超时，请检查网络后重试。",
        "The upload took too long; check the connection and try again.",
        limit_seconds="number",
    ),
    "body_too_large": _row(
        413,
        "请求体过大，最多 {limit_bytes} 字节；请将音频切成小段，或用 multipart 或压缩格式发送。",
        "The request body is too large, {limit_bytes} bytes at most; cut the audio into pieces, "
        "or send it as multipart or in a compressed format.",
        limit_bytes="integer",
    ),
    "audio_too_long": _row(
        413,
        "{param} 过长，最长 {maximum_seconds:g} 秒，请剪短或切分后再发送。",
        "{param} is too long, {maximum_seconds:g} seconds at most; shorten it or cut it up.",
        maximum_seconds="number",
    ),
    "unsupported_media_type": _row(
        415,
        "请以 application/json 或 multipart/form-data 发送请求体，不要压缩编码。",
        "Send the body as application/json or multipart/form-data, without a Content-Encoding.",
    ),
    "missing_field": _row(422, "缺少字段 {param}。", "The field {param} is missing."),
    "invalid_field": _row(
        422,
        "字段 {param} 无效：应为{detail}。",
        "The field {param} is not valid: it must be {detail}.",
        expected="string",
    ),
    "invalid_base64": _row(
        422,
        "{param} 不是有效的 base64，请发送音频文件的 base64 编码或 data URL。",
        "{param} is not valid base64; send the audio file in base64 or as a data URL.",
    ),
    "undecodable_audio": _row(
        422,
        "无法解码 {param}：{detail}。请发送 WAV、MP3、FLAC 或 OGG 音频"
        "（采样率 4 至 384 kHz，1 至 8 声道）。",
        "{param} cannot be decoded: {detail}. Send WAV, MP3, FLAC or OGG audio, "
        "4 to 384 kHz, 1 to 8 channels.",
        reason="string",
    ),
    "audio_too_short": _row(
        422,
        "{param} 过短：仅 {seconds:.2f} 秒；至少 {minimum_seconds:g} 秒，且不能为空。",
        "{param} is too short: {seconds:.2f} seconds; it needs at least {minimum_seconds:g}, "
        "and must not be empty.",
        seconds="number",
        minimum_seconds="number",
    ),
    "silent_audio": _row(
        422,
        "{param} 中没有声音，请换一段清晰的人声。",
        "{param} is silent; send a clear recording of the voice.",
    ),
    "tone_model_mismatch": _row(
        422,
        "该 target_tone 来自另一个模型，请重新调用 /api/tone 获取。",
        "This target_tone was made by another model; ask /api/tone for it again.",
    ),
    "overloaded": _row(
        429,
        "服务繁忙，请在 {retry_after_seconds} 秒后重试。",
        "The server is busy; try again in {retry_after_seconds} seconds.",
        retry_after_seconds="integer",
    ),
    "internal": _row(
        500,
        "服务器内部错误，请将 request_id 告知管理员。",
        "The server failed; tell its operator the request_id.",
    ),
    "not_ready": _row(
        503,
        "服务正在启动或停止，请在 {retry_after_seconds} 秒后重试。",
        "The server is starting or stopping; try again in {retry_after_seconds} seconds.",
        retry_after_seconds="integer",
    ),
    "deadline_exceeded": _row(
        504,
        "处理超过 {limit_seconds:g} 秒，请将音频切成小段后重试。",
        "The request took more than {limit_seconds:g} seconds; cut the audio into pieces.",
        limit_seconds="number",
    ),
}

_UNDECODABLE: Mapping[str, Texts] = {
    "unknown_format": {"zh": "不是支持的音频格式", "en": "it is in none of the formats"},
    "corrupt": {"zh": "音频数据已损坏", "en": "its audio data is damaged"},
    "truncated": {"zh": "文件不完整", "en": "the file is cut short"},
    "sample_rate": {"zh": "采样率超出范围", "en": "its sample rate is out of range"},
    "channels": {"zh": "声道过多", "en": "it has too many channels"},
    "not_finite": {"zh": "含有非数值的采样", "en": "it holds samples that are not finite numbers"},
}


class ApiError(Exception):
    """What a client is told went wrong.

    Args:
        code: A row of `ERRORS`.
        param: The field at fault, where there is one.
        detail: What the message says by the name of detail, in each language: what a field must
            be (`invalid_field`), why audio cannot be decoded (`undecodable_audio`).
        headers: Headers that the answer carries.
        facts: What else the error says; the row's message may name them.
    """

    def __init__(
        self,
        code: str,
        *,
        param: str | None = None,
        detail: Texts | None = None,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.row = ERRORS[code]
        self.param = param
        self.detail = detail
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})
        super().__init__(self.message("en"))

    @classmethod
    def retry(cls, code: str, seconds: int) -> ApiError:
        """Make an error that passes by itself, with its Retry-After header."""
        headers = {"Retry-After": str(seconds)}
        return cls(code, headers=headers, facts={"retry_after_seconds": seconds})

    @classmethod
    def from_runtime(cls, error: AudioError, param: str, facts: Mapping[str, Any]) -> ApiError:
        """Make the answer to an error of the runtime about the audio in the field `param`."""
        detail = _UNDECODABLE[str(error.facts["reason"])] if "reason" in error.facts else None
        return cls(error.code, param=param, detail=detail, facts=error.facts | dict(facts))

    def message(self, language: Language) -> str:
        """Say what went wrong and what to do about it."""
        detail = self.detail[language] if self.detail else ""
        values = {"param": self.param, "detail": detail} | self.facts
        return self.row.texts[language].format(**values)

    def body(self, language: Language, request_id: str) -> dict[str, Any]:
        """Return the JSON object of the answer."""
        error: dict[str, Any] = {"code": self.code}
        if self.param is not None:
            error["param"] = self.param
        if self.code == "invalid_field" and self.detail is not None:
            error["expected"] = self.detail[language]
        return {
            "success": False,
            "message": self.message(language),
            "error": error | self.facts,
            "request_id": request_id,
        }
