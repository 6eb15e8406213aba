"""The fields of the requests: one table, which validation and /openapi.json are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from server.messages.errors import ApiError, Texts

Kind = Literal["clips", "clip", "tone", "number", "integer"]

SEED_LIMIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request.

    Args:
        name: Its name in JSON and in forms.
        kind: What it holds: audio (one clip or several), a tone, or a number.
        about: What it is for, in each language.
        expected: What its value must be, in each language, as the end of "it must be ...".
        default: The value of an absent number.
        maximum: The largest value of a number; the smallest is 0.
    """

    name: str
    kind: Kind
    about: Texts
    expected: Texts
    default: float | None = None
    maximum: float = 0.0

    def invalid(self) -> ApiError:
        """Make the error of a value that the field cannot have."""
        return ApiError("invalid_field", param=self.name, detail=self.expected)

    def number(self, value: Any) -> Any:
        """Check a number and return it; absent is the default, which may be None.

        Raises:
            ApiError: `invalid_field`: no number, not finite or out of range.
        """
        if value is None:
            return self.default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.invalid()
        if not math.isfinite(value) or not 0 <= value <= self.maximum:
            raise self.invalid()
        if self.kind == "integer" and value != int(value):
            raise self.invalid()
        return value


_AUDIO: Texts = {
    "zh": "音频文件（WAV、MP3、FLAC 或 OGG）的 base64 编码或 data URL 字符串",
    "en": "a string: an audio file (WAV, MP3, FLAC or OGG) in base64 or as a data URL",
}
_SHARE: Texts = {"zh": " 0 到 1 之间的数字", "en": "a number from 0 to 1"}

TARGET_AUDIO = Field(
    "target_audio",
    "clips",
    {
        "zh": "目标音频（要模仿的声音），建议 2 至 10 秒清晰人声；可为数组：同一说话人的多段音频，"
        "按时长加权平均。",
        "en": "The voice to imitate; 2 to 10 seconds of clear speech are best. A list holds "
        "several clips of one speaker, which are averaged by length.",
    },
    {"zh": _AUDIO["zh"] + "，或其数组", "en": _AUDIO["en"] + ", or a list of such strings"},
)
TARGET_TONE = Field(
    "target_tone",
    "tone",
    {
        "zh": "由 /api/tone 返回的音色，用来代替 target_audio，只需上传一次声音。",
        "en": "A tone that /api/tone gave, in place of target_audio: the voice is sent only once.",
    },
    {
        "zh": "由 /api/tone 返回的字符串，且不与 target_audio 同时使用",
        "en": "a string that /api/tone gave, and not sent beside target_audio",
    },
)
SOURCE_AUDIO = Field(
    "source_audio",
    "clip",
    {
        "zh": "源音频（要转换的语音）；大于零的任何长度均可，静音转换后仍为静音。",
        "en": "The speech to convert, of any length above zero; silence gives silence.",
    },
    _AUDIO,
)
AUDIO = Field(
    "audio",
    "clip",
    {"zh": "要提取音色的音频。", "en": "The recording whose tone is wanted."},
    _AUDIO,
)
TAU = Field(
    "tau",
    "number",
    {
        "zh": "音色混合强度：0.0-0.2 保持源音色，0.3-0.5 平衡（推荐），0.6-1.0 强烈应用目标音色。",
        "en": "How strongly the target's tone is applied: 0.0-0.2 keeps the source's timbre, "
        "0.3-0.5 is balanced and recommended, 0.6-1.0 applies the target strongly.",
    },
    _SHARE,
    default=0.3,
    maximum=1.0,
)
TEMPERATURE = Field(
    "temperature",
    "number",
    {
        "zh": "后验噪声的温度（即上游 OpenVoice 所称的 tau）；0 为确定性输出。",
        "en": "The posterior's noise temperature (what upstream OpenVoice calls tau); 0 is "
        "deterministic.",
    },
    _SHARE,
    default=0.3,
    maximum=1.0,
)
SEED = Field(
    "seed",
    "integer",
    {
        "zh": "噪声的随机种子，相同的种子得到相同的结果；缺省时随机。",
        "en": "The seed of that noise: the same one gives the same result; random when absent.",
    },
    {"zh": " 0 到 2^63-1 之间的整数", "en": "an integer from 0 to 2^63-1"},
    maximum=SEED_LIMIT - 1,
)

CLONE_FIELDS = (TARGET_AUDIO, TARGET_TONE, SOURCE_AUDIO, TAU, TEMPERATURE, SEED)
TONE_FIELDS = (AUDIO,)


def take(values: Mapping[str, Any], field: Field) -> Any:
    """Return a required field's value.

    Raises:
        ApiError: `missing_field`: it is absent or null.
    """
    value = values.get(field.name)
    if value is None:
        raise ApiError("missing_field", param=field.name)
    return value
