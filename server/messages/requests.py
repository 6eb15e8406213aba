"""The requests that cost work: their fields, and what a parser needs to know of each field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Meta, Struct, structs

from runtime.encoding import FORMATS, AudioFormat
from runtime.limits import (
    MAXIMUM_LIVE_HZ,
    MAXIMUM_OUTPUT_HZ,
    MINIMUM_LIVE_HZ,
    MINIMUM_OUTPUT_HZ,
)
from runtime.live.pcm import PcmFormat
from runtime.live.window import Latency
from runtime.noise import SEEDS
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from server.messages.error import ApiError
from server.messages.errors import InvalidField
from server.messages.message import Text, about
from server.messages.voice_names import (
    MAXIMUM_MIXED_VOICES,
    MAXIMUM_NAME_CHARACTERS,
    VoiceMix,
    VoiceName,
)

Bytes = bytes | bytearray | memoryview
Kind = Literal["clips", "clip", "text", "name", "voice", "flag", "number", "integer", "choice"]

OutputRate = Annotated[int, Meta(ge=MINIMUM_OUTPUT_HZ, le=MAXIMUM_OUTPUT_HZ)]
LiveRate = Annotated[int, Meta(ge=MINIMUM_LIVE_HZ, le=MAXIMUM_LIVE_HZ)]
Seed = Annotated[int, Meta(ge=0, le=SEEDS - 1)]

AUDIO_TEXT = Text(
    "音频文件（WAV、MP3、FLAC 或 OGG）的 base64 编码或 data URL 字符串",
    "a string: an audio file (WAV, MP3, FLAC or OGG) in base64 or as a data URL",
)
_SHARE = Text(" 0 到 1 之间的数字", "a number from 0 to 1")


class Clip:
    """One audio file of a request.

    Args:
        data: The file's bytes; `take` them, so that they are released once they are decoded.
        param: Name of the field that it came in, for errors.
        index: Position in the field's list, where it is a list.
    """

    __slots__ = ("data", "index", "param")

    def __init__(self, data: Bytes, param: str, index: int | None = None) -> None:
        self.data = data
        self.param = param
        self.index = index

    def take(self) -> Bytes:
        """Return the bytes and forget them."""
        data, self.data = self.data, bytearray()
        return data


class Request(Struct, frozen=True):
    """A request; unknown fields are ignored, and null counts as absent."""

    alternatives: ClassVar[tuple[str, ...]] = ()
    """Fields of which exactly one must be given."""


TargetAudio = Annotated[
    tuple[Clip, ...] | None,
    about(
        "目标音频（要模仿的声音），建议 2 至 10 秒清晰人声；可为数组：同一说话人的多段音频，"
        "按时长加权平均。",
        "The voice to imitate; 2 to 10 seconds of clear speech are best. A list holds "
        "several clips of one speaker, which are averaged by length.",
        expected=Text(AUDIO_TEXT.zh + "，或其数组", AUDIO_TEXT.en + ", or a list of such strings"),
    ),
]
TargetTone = Annotated[
    str | None,
    about(
        "由 /api/tone 返回的音色，用来代替 target_audio，只需上传一次声音。",
        "A tone that /api/tone returned, in place of target_audio: the voice is sent only once.",
        expected=Text(
            "由 /api/tone 返回的字符串，且不与 target_audio 同时使用",
            "a string that /api/tone returned, and not sent together with target_audio",
        ),
    ),
    Meta(extra_json_schema={"format": "tone"}),
]
TargetVoice = Annotated[
    VoiceMix | None,
    about(
        "已保存的声音，用来代替 target_audio：名称，或按权重混合多个声音，如 "
        '{"anna": 0.7, "ben": 0.3}。',
        "A stored voice, in place of target_audio: its name, or weights of several to mix, such as "
        '{"anna": 0.7, "ben": 0.3}.',
        expected=Text(
            f"声音名称，或 1 至 {MAXIMUM_MIXED_VOICES} 个名称各自的权重（0 到 1，不全为 0），"
            "且不与其它目标同时使用",
            f"the name of a voice, or weights from 0 to 1 of 1 to {MAXIMUM_MIXED_VOICES} voices, "
            "not all 0, and not sent together with another target",
        ),
    ),
]
Tau = Annotated[
    float,
    Meta(ge=0, le=1),
    about(
        "音色混合强度：0.0-0.2 保持源音色，0.3-0.5 平衡（推荐），0.6-1.0 强烈应用目标音色。",
        "How strongly the target's tone is applied: 0.0-0.2 keeps the source's timbre, "
        "0.3-0.5 is balanced and recommended, 0.6-1.0 applies the target strongly.",
        DEFAULT_TAU,
        expected=_SHARE,
    ),
]
Temperature = Annotated[
    float,
    Meta(ge=0, le=1),
    about(
        "后验噪声的温度（即上游 OpenVoice 所称的 tau）；0 为确定性输出。",
        "The temperature of the posterior noise (what upstream OpenVoice calls tau); 0 is "
        "deterministic.",
        expected=_SHARE,
    ),
]
SeedField = Annotated[
    Seed | None,
    about(
        "噪声的随机种子，相同的种子得到相同的结果；缺省时随机。",
        "The seed of that noise: the same seed gives the same result; random when absent.",
        expected=Text(" 0 到 2^63-1 之间的整数", "an integer from 0 to 2^63-1"),
    ),
]


class CloneRequest(Request, frozen=True, kw_only=True):
    """A request of /api/clone and /api/clone/stream."""

    alternatives: ClassVar = ("target_audio", "target_tone", "target_voice")

    target_audio: TargetAudio = None
    target_tone: TargetTone = None
    target_voice: TargetVoice = None
    source_audio: Annotated[
        Clip,
        about(
            "源音频（要转换的语音）；大于零的任何长度均可，静音转换后仍为静音。",
            "The speech to convert, of any length above zero; silence gives silence.",
            expected=AUDIO_TEXT,
        ),
    ]
    tau: Tau = DEFAULT_TAU
    temperature: Temperature = DEFAULT_TEMPERATURE
    seed: SeedField = None
    format: Annotated[
        AudioFormat | None,
        about(
            "结果的格式：wav（默认）、flac、mp3、ogg（Opus）或 pcm（16 位小端，无文件头）。"
            "/api/clone/stream 给出此字段时返回一个可直接播放的音频流。",
            "The format of the result: wav (the default), flac, mp3, ogg (Opus) or pcm (16-bit "
            "little-endian, without a header). With it, /api/clone/stream answers one audio "
            "stream instead of lines.",
            expected=Text("以下之一：" + "、".join(FORMATS), "one of " + ", ".join(FORMATS)),
        ),
    ] = None
    sample_rate: Annotated[
        OutputRate | None,
        about(
            "结果的采样率（Hz），默认 22050；ogg 固定为 48000，mp3 只有其标准采样率。",
            "The sample rate of the result in Hz, 22050 by default; ogg is always at 48000, and "
            "mp3 has only its standard rates.",
            expected=Text(
                f" {MINIMUM_OUTPUT_HZ} 到 {MAXIMUM_OUTPUT_HZ} 之间的整数",
                f"an integer from {MINIMUM_OUTPUT_HZ} to {MAXIMUM_OUTPUT_HZ}",
            ),
        ),
    ] = None


class LiveRequest(Request, frozen=True, kw_only=True):
    """The first message of /api/clone/live."""

    alternatives: ClassVar = ("target_audio", "target_tone", "target_voice")

    target_audio: TargetAudio = None
    target_tone: TargetTone = None
    target_voice: TargetVoice = None
    tau: Tau = DEFAULT_TAU
    temperature: Temperature = DEFAULT_TEMPERATURE
    seed: SeedField = None
    sample_rate: Annotated[
        LiveRate | None,
        about(
            "将发送的音频的采样率；缺省为 ready 中的采样率，此时没有额外延迟。",
            "The sample rate of the audio that follows; without it, that of `ready`, which adds "
            "no delay.",
            16000,
            expected=Text(
                f" {MINIMUM_LIVE_HZ} 到 {MAXIMUM_LIVE_HZ} 之间的整数",
                f"an integer from {MINIMUM_LIVE_HZ} to {MAXIMUM_LIVE_HZ}",
            ),
        ),
    ] = None
    format: Annotated[
        PcmFormat,
        about(
            "将发送的采样点的格式，单声道。",
            "The format of the samples that follow, mono.",
            "pcm_s16le",
            expected=Text(
                "以下之一：" + "、".join(get_args(PcmFormat)), " or ".join(get_args(PcmFormat))
            ),
        ),
    ] = "pcm_s16le"
    latency: Annotated[
        Latency,
        about(
            "延迟：low 最短，exact 最长；给定说话人音色且种子相同时，"
            "exact 与 /api/clone 的结果一致（水印除外）。",
            "The latency: low is lowest, exact highest; with the speaker's tone and the same "
            "seed, exact gives what /api/clone gives, but for the watermark.",
            "low",
            expected=Text("以下之一：" + "、".join(get_args(Latency)), "low, balanced or exact"),
        ),
    ] = "balanced"
    source_tone: Annotated[
        str | None,
        about(
            "说话人的音色（由 /api/tone 返回）；缺省时在说话过程中自动得出。",
            "The speaker's own tone, from /api/tone; without it, it is learnt while they speak.",
            expected=Text(
                "由 /api/tone 返回的字符串，且不与 source_audio 同时使用",
                "a string that /api/tone returned, and not sent together with source_audio",
            ),
        ),
        Meta(extra_json_schema={"format": "tone"}),
    ] = None
    source_audio: Annotated[
        Clip | None,
        about(
            "说话人的一段录音，用来代替 source_tone。",
            "A recording of the speaker, in place of source_tone.",
            expected=AUDIO_TEXT,
        ),
    ] = None


class ToneRequest(Request, frozen=True, kw_only=True):
    """A request of /api/tone."""

    audio: Annotated[
        Clip,
        about("要提取音色的音频。", "The recording to embed.", expected=AUDIO_TEXT),
    ]


class VerifyRequest(Request, frozen=True, kw_only=True):
    """A request of /api/verify."""

    audio: Annotated[
        Clip,
        about(
            "要检测的音频文件，原样发送：转码可能丢失元数据。",
            "The file to read, as it is: re-encoding may drop its metadata.",
            expected=AUDIO_TEXT,
        ),
    ]


class VoiceRequest(Request, frozen=True, kw_only=True):
    """A request of POST /api/voices."""

    alternatives: ClassVar = ("audio", "tone")

    name: Annotated[
        VoiceName,
        about(
            f"声音名称：1 至 {MAXIMUM_NAME_CHARACTERS} 个字母（任何文字）、数字、- _ .",
            f"The voice's name: 1 to {MAXIMUM_NAME_CHARACTERS} letters of any script, digits and "
            "the characters - _ .",
            "anna",
            expected=Text(
                f" 1 至 {MAXIMUM_NAME_CHARACTERS} 个字母（任何文字）、数字、- _ .，且不能只有点",
                f"1 to {MAXIMUM_NAME_CHARACTERS} letters of any script, digits and the characters "
                "- _ . but not dots alone",
            ),
        ),
    ]
    audio: Annotated[
        tuple[Clip, ...] | None,
        about(
            "声音的录音，建议 2 至 10 秒清晰人声；可为数组：同一说话人的多段音频。",
            "A recording of the voice; 2 to 10 seconds of clear speech are best. A list holds "
            "several clips of one speaker.",
            expected=Text(
                AUDIO_TEXT.zh + "，或其数组", AUDIO_TEXT.en + ", or a list of such strings"
            ),
        ),
    ] = None
    tone: Annotated[
        str | None,
        about(
            "由 /api/tone 返回的音色，用来代替 audio。",
            "A tone that /api/tone returned, in place of audio.",
            expected=Text(
                "由 /api/tone 返回的字符串，且不与 audio 同时使用",
                "a string that /api/tone returned, and not sent together with audio",
            ),
        ),
        Meta(extra_json_schema={"format": "tone"}),
    ] = None
    keep_audio: Annotated[
        bool,
        about(
            "是否保存录音；保存后，更换模型时会自动重新提取音色。",
            "Whether to store the recording too, so that the voice survives a change of model.",
            False,
            expected=Text(
                " true 或 false，且只有发送 audio 时才能为 true",
                "true or false, and true only where audio is sent",
            ),
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class RequestField:
    """What a parser needs to know of one field of a request.

    Args:
        name: Its name in JSON and in forms.
        kind: What it holds: audio (one clip or several), a text, the name of a voice to save, a
            stored voice or a mix, a flag, a number or one of some words.
        annotation: The type that its value is converted to.
        required: Whether a request must have it.
        default: The value of an absent number.
        expected: What its value must be, as the end of "it must be ...".
        about: What it is for.
        example: A value for the example of its request; audio has none.
    """

    name: str
    kind: Kind
    annotation: Any
    required: bool
    default: Any
    expected: Text
    about: Text
    example: Any

    def invalid(self, expected: Text | None = None) -> ApiError:
        """Return the error of a value that the field cannot have.

        Args:
            expected: What the value must be, where that depends on other fields.
        """
        return ApiError(InvalidField(param=self.name, expected=expected or self.expected))


def field_of(request: type[Request], name: str) -> RequestField:
    """Return one field of a request."""
    return next(field for field in fields_of(request) if field.name == name)


@cache
def fields_of(request: type[Request]) -> tuple[RequestField, ...]:
    """Return the fields of a request, in the order in which they are declared."""
    hints = get_type_hints(request, include_extras=True)
    return tuple(_field(field, hints[field.name]) for field in structs.fields(request))


def _field(field: structs.FieldInfo, annotation: Any) -> RequestField:
    value_type, *metas = get_args(annotation)
    described = next(meta for meta in metas if meta.description)
    required = field.default is NODEFAULT
    return RequestField(
        name=field.name,
        kind=_kind(value_type),
        annotation=annotation,
        required=required,
        default=None if required else field.default,
        expected=described.extra["expected"],
        about=Text(described.extra_json_schema["x-description-zh"], described.description),
        example=described.extra["example"],
    )


def _kind(value_type: Any) -> Kind:
    """Return the kind of a type, of an annotated type or of either beside None."""
    kinds: dict[Any, Kind] = {
        tuple[Clip, ...]: "clips",
        Clip: "clip",
        VoiceName: "name",
        VoiceMix: "voice",
        str: "text",
        bool: "flag",
        float: "number",
        int: "integer",
    }
    if value_type in kinds:
        return kinds[value_type]
    if get_origin(value_type) is Literal:
        return "choice"
    return _kind(get_args(value_type)[0])
