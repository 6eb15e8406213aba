"""Messages of /api/clone/live after the first, and how a session is closed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET

from server.messages.answers import OutputSampleRate, RequestId
from server.messages.error import ApiError, ErrorAnswer
from server.messages.errors import UndecodableAudio, UnexpectedMessage
from server.messages.message import Language, Message, Text, about
from server.messages.requests import LiveRequest, field_of

PCM_OUT: Literal["pcm_s16le"] = "pcm_s16le"
AUDIO_PARAM = "audio"

SUBPROTOCOL = "openvoice.live"
KEY_SUBPROTOCOL = "openvoice.key."
"""Begins the subprotocol that carries the API key of a browser, in base64url without padding."""

NORMAL_CLOSE = 1000
POLICY_CLOSE = 1008
CLOSE_CODES = {413: 1009, 429: 1013, 503: 1013, 500: 1011, 504: 1011}
"""Codes that a session is closed with after an error (RFC 6455, 7.4), by the error's status."""


class LiveEnd(Message, frozen=True, kw_only=True):
    """The client's last message."""

    type: Annotated[Literal["end"], about("不再发送音频。", "No more audio follows.", "end")]


class LiveReady(Message, frozen=True, kw_only=True):
    """The server's first message."""

    type: Annotated[Literal["ready"], about("可以发送音频。", "Audio may be sent.", "ready")]
    sample_rate: OutputSampleRate
    format: Annotated[
        Literal["pcm_s16le"],
        about("返回音频的格式。", "Format of the audio that comes back.", "pcm_s16le"),
    ]
    latency_seconds: Annotated[
        float,
        about(
            "从收到音频到可以开始转换的最长等待时间（秒），不含计算时间。",
            "Longest time from a sample's arrival until its chunk can be converted, in seconds.",
            0.203,
        ),
    ]
    chunk_seconds: Annotated[
        float, about("每段返回音频的秒数。", "Length of the pieces that come back.", 0.0929)
    ]
    ai_generated: Annotated[
        bool,
        about(
            "服务器是否声明返回的音频由机器生成；实时音频本身没有水印。",
            "Whether the server says that what comes back is generated. Live audio itself has no "
            "watermark.",
            True,
        ),
    ]
    request_id: RequestId


class LiveStats(Message, frozen=True, kw_only=True):
    """What a session did."""

    seconds: Annotated[float, about("收到的音频秒数。", "Audio that was received.", 3.9)]
    steps: Annotated[int, about("转换的步数，每步一段。", "Steps of the conversion.", 42)]
    late_steps: Annotated[int, about("超时的步数。", "Steps done after they were due.", 0)]
    longest_step_seconds: Annotated[
        float,
        about(
            "单步最长耗时（秒）：从收到该步最后一个采样点到转换完成。",
            "Longest time from the arrival of a step's last sample to its result, in seconds.",
            0.04,
        ),
    ]
    seed: Annotated[int, about("所用的随机种子。", "The seed that was used.", 7)]


class LiveDone(Message, frozen=True, kw_only=True):
    """The server's last message."""

    type: Annotated[Literal["done"], about("全部音频已返回。", "All audio came back.", "done")]
    stats: Annotated[LiveStats, about("会话统计。", "What the session did.")]


class LiveError(ErrorAnswer, frozen=True, kw_only=True):
    """The server's last message where a session fails."""

    type: Annotated[Literal["error"], about("会话失败。", "The session failed.", "error")]

    @classmethod
    def of(cls, error: ApiError, language: Language, request_id: str) -> LiveError:
        """Return the message of an error in one language."""
        answer = error.answer(language, request_id)
        return cls(
            type="error",
            success=False,
            message=answer.message,
            error=answer.error,
            request_id=request_id,
        )


def start_was_due() -> ApiError:
    """Return the error of a session that does not begin with its first message."""
    expected = Text(
        "指明目标声音的 JSON 对象（文本消息）",
        "a text message first: a JSON object that names the target",
    )
    return ApiError(UnexpectedMessage(expected=expected))


def audio_was_due() -> ApiError:
    """Return the error of a message that is neither whole samples nor the end."""
    expected = Text(
        '由完整采样点组成的二进制消息，或文本消息 {"type": "end"}',
        'binary messages of whole samples, then the text message {"type": "end"}',
    )
    return ApiError(UnexpectedMessage(expected=expected))


def not_finite() -> ApiError:
    """Return the error of samples that are not all finite numbers."""
    return ApiError(UndecodableAudio(param=AUDIO_PARAM, index=UNSET, reason="not_finite"))


def check_speaker(request: LiveRequest) -> None:
    """Check that the speaker is enrolled in one way at most.

    Raises:
        ApiError: `invalid_field`.
    """
    if request.source_tone is not None and request.source_audio is not None:
        raise field_of(LiveRequest, "source_tone").invalid()
