"""The answers of the API."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, defstruct

from server.messages.message import Message, about
from server.settings import HINTS, LIMITS, Marking, Settings, limit_values

SuccessMessage = Literal["音色克隆成功"]
SUCCESS_MESSAGE: SuccessMessage = "音色克隆成功"
"""Fixed by the contract, in every language."""

Base64 = Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]

Success = Annotated[Literal[True], about("是否成功。", "Whether the request succeeded.", True)]
Seconds = Annotated[float, about("时长（秒）。", "Length in seconds.", 3.9)]
SampleRate = Annotated[int, about("采样率（Hz）。", "Sample rate in Hz.", 22050)]
OutputSampleRate = Annotated[
    int, about("输出采样率（Hz）。", "Sample rate of results, in Hz.", 22050)
]
Done = Annotated[
    SuccessMessage,
    about(
        "固定为“音色克隆成功”。",
        "The same Chinese text in every language, fixed by the contract.",
        SUCCESS_MESSAGE,
    ),
]
Warnings = Annotated[
    list[str],
    about(
        "影响克隆效果的问题：short 过短，quiet 过轻，clipped 削波，mostly_silence 多为静音。",
        "What makes the clip a poor target: short, quiet, clipped, mostly_silence.",
        ["short"],
    ),
]
RequestId = Annotated[
    str,
    about(
        "请求编号，与服务器日志一致。",
        "The request's id, which the server's log has too.",
        "27fb376b09764614b0a1c3e2d4f5a687",
    ),
]


class Stats(Message, frozen=True, kw_only=True):
    """How long the stages of a clone took."""

    extract_time: Annotated[
        str,
        about("解码与提取音色用时。", "Time to decode audio and embed the voices.", "1.23s"),
    ]
    clone_time: Annotated[
        str, about("转换与编码用时。", "Time to convert and encode the result.", "2.45s")
    ]
    total_time: Annotated[
        str, about("上传完成后的总用时。", "Total time since the upload.", "3.68s")
    ]


StatsField = Annotated[Stats, about("各阶段用时。", "How long the stages took.")]


class Cloned(Message, frozen=True, kw_only=True):
    """The answer of /api/clone."""

    success: Success
    message: Done
    result_audio: Annotated[
        Base64,
        about(
            "结果音频的 base64（不含 data URL 前缀），与源音频等长；"
            "默认为 22050 Hz 单声道 16 位 WAV。",
            "The result, exactly as long as the source, in base64 without a data URL prefix: a "
            "mono 16-bit WAV at 22050 Hz unless the request asks for another format.",
            "UklGRioAAABXQVZFZm10IBAAAAABAAEAIlYAAESsAAACABAAZGF0YQYAAAAAAAEAAgA=",
        ),
    ]
    stats: StatsField


class ToneAnswer(Message, frozen=True, kw_only=True):
    """The answer of /api/tone."""

    success: Success
    tone: Annotated[
        str,
        about(
            "音色：<模型编号>:<256 个小端 float32 的 base64>。",
            "The tone embedding: <model id>:<base64 of 256 little-endian float32>.",
            "0123456789ab:" + "AACAPwAAgD8AAIA/" * 85 + "AACAPw==",
        ),
    ]
    seconds: Seconds
    warnings: Warnings


class StreamStart(Message, frozen=True, kw_only=True):
    """The first line of /api/clone/stream."""

    success: Success
    format: Annotated[
        Literal["pcm_s16le"],
        about("音频格式：16 位小端 PCM。", "Audio format: 16-bit little-endian PCM.", "pcm_s16le"),
    ]
    sample_rate: SampleRate
    channels: Annotated[int, about("声道数。", "Number of channels.", 1)]
    seconds: Annotated[
        float, about("总时长（秒）。", "Length of the whole result, in seconds.", 3.9)
    ]
    samples: Annotated[int, about("总采样点数。", "Samples of the whole result.", 85995)]
    windows: Annotated[
        int, about("转换时的窗口数。", "Windows that the source is converted in.", 1)
    ]
    lines: Annotated[
        int,
        about(
            "其后的音频行数；在 GPU 上一行可含多个窗口。",
            "Lines of audio that follow; on a GPU a line may hold several windows.",
            1,
        ),
    ]
    request_id: RequestId


class StreamAudio(Message, frozen=True, kw_only=True):
    """A line of audio of /api/clone/stream."""

    index: Annotated[int, about("行号，从 0 开始。", "Number of the line, from 0.", 0)]
    start_seconds: Annotated[
        float, about("起始时间（秒）。", "Where the line begins in the result, in seconds.", 0.0)
    ]
    seconds: Seconds
    progress: Annotated[float, about("进度，0 到 1。", "Share that is converted, 0 to 1.", 1.0)]
    audio: Annotated[Base64, about("16 位 PCM 的 base64。", "16-bit PCM in base64.", "AAABAAIA")]


class StreamEnd(Message, frozen=True, kw_only=True):
    """The last line of /api/clone/stream."""

    success: Success
    message: Done
    stats: StatsField
    seed: Annotated[int, about("所用的随机种子。", "The seed that was used.", 7)]


class Health(Message, frozen=True, kw_only=True):
    """The answer of /api/health, fixed by the contract."""

    status: Annotated[Literal["ok"], about("服务正常。", "The server is running.", "ok")]
    message: Annotated[
        Literal["OpenVoice API is running"],
        about("固定的说明文字。", "A fixed text.", "OpenVoice API is running"),
    ]
    sample_rate: OutputSampleRate


class Alive(Message, frozen=True, kw_only=True):
    """The answer of /livez."""

    status: Annotated[Literal["alive"], about("进程存活。", "The process is running.", "alive")]


class Ready(Message, frozen=True, kw_only=True):
    """The answer of /readyz."""

    status: Annotated[
        Literal["ready"], about("可以接受请求。", "New requests are accepted.", "ready")
    ]


Limits = defstruct(
    "Limits",
    [
        *(
            (name, Annotated[HINTS[name], about(limit.about_zh or "", limit.about)])
            for name, limit in LIMITS.items()
        ),
        (
            "target_advice_seconds",
            Annotated[
                list[float],
                Meta(min_length=2, max_length=2),
                about(
                    "目标音频的建议秒数范围",
                    "the length of a target clip that clones best, from and to, in seconds",
                ),
            ],
        ),
    ],
    bases=(Message,),
    kw_only=True,
)
"""The limits in force: every setting that clients are told of, and the advised target length."""


class Info(Message, frozen=True, kw_only=True):
    """The answer of /api/info: the contract's six fields, then what is loaded."""

    model: Annotated[Literal["OpenVoice Tone Clone"], about("服务名称。", "Name of the service.")]
    version: Annotated[Literal["v2"], about("API 版本。", "Generation of the API.")]
    sample_rate: OutputSampleRate
    target_length: Annotated[
        int, about("一个音色窗口的频谱帧数。", "Spectrogram frames of one tone-embedding window.")
    ]
    tone_dimension: Annotated[int, about("音色向量的维数。", "Size of a tone embedding.")]
    supported_formats: Annotated[
        list[str], about("支持的音频格式。", "Audio formats that are accepted.")
    ]
    output_formats: Annotated[
        list[str], about("结果可选的音频格式。", "Audio formats that results can have.")
    ]
    name: Annotated[str, about("模型名称。", "Name of the model.")]
    variant: Annotated[str, about("网络类型。", "Kind of networks in the model.")]
    precision: Annotated[str, about("计算精度。", "Numeric precision of the graphs.")]
    model_id: Annotated[
        str, about("模型 ID，音色中也带有它。", "Id of the model, which its tones carry.")
    ]
    graphs: Annotated[dict[str, str], about("各计算图的 SHA-256。", "SHA-256 of each graph.")]
    providers: Annotated[list[str], about("正在使用的执行后端。", "Active execution providers.")]
    input_bandwidth_hz: Annotated[
        float,
        about(
            "输入带宽（Hz），更高的频率会被滤除。",
            "Bandwidth of the input in Hz; higher frequencies are filtered out.",
        ),
    ]
    real_time_factor: Annotated[
        float,
        about(
            "启动时实测：处理时间与音频时长之比。",
            "Time to embed and convert divided by the audio's length, measured at start.",
        ),
    ]
    licence: Annotated[str, about("权重许可。", "Licence of the weights.")]
    provenance: Annotated[str, about("权重来源。", "Where the weights come from.")]
    api_key_required: Annotated[bool, about("是否需要 API 密钥。", "Whether an API key is needed.")]
    stores_voices: Annotated[
        bool, about("是否可保存声音。", "Whether voices can be stored, with /api/voices.")
    ]
    marking: Annotated[
        Marking,
        about(
            "结果如何标明由机器生成：full（水印与元数据）、metadata（仅元数据）或 none。",
            "How results say that they were generated: full (watermark and metadata), metadata or "
            "none.",
        ),
    ]
    limits: Annotated[Limits, about("各项限制。", "The limits in force.")]  # type: ignore[valid-type]


def limits_of(settings: Settings) -> Struct:
    """Return the limits that settings put in force."""
    return Limits(**limit_values(settings))
