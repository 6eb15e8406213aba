"""JSON schemas of what the API answers, each property described in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.messages.errors import ERRORS
from server.settings import LIMITS

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_INTEGER: Schema = {"type": "integer"}
_BOOLEAN: Schema = {"type": "boolean"}
_STRINGS: Schema = {"type": "array", "items": STRING}
_TRUE: Schema = {"const": True}
_FALSE: Schema = {"const": False}
_BASE64: Schema = STRING | {"contentEncoding": "base64"}


def described(schema: Schema, zh: str, en: str) -> Schema:
    """Return a schema with what it is for."""
    return schema | {"description": en, "x-description-zh": zh}


def entity(properties: Mapping[str, Schema], optional: Sequence[str] = ()) -> Schema:
    """Return the schema of an object whose properties are all there but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


_SUCCESS = described(_TRUE, "是否成功。", "Whether it worked.")
_MESSAGE = described(STRING, "说明文字。", "What happened, in words.")
_REQUEST_ID = described(STRING, "请求编号，与日志一致。", "The request's id, as in the log.")
_SECONDS = described(_NUMBER, "时长（秒）。", "Length in seconds.")
_STATS = described(
    entity(
        {
            "extract_time": described(STRING, "解码与提取音色用时。", "To decode and embed."),
            "clone_time": described(STRING, "转换与编码用时。", "To convert and encode."),
            "total_time": described(STRING, "上传后的总用时。", "All since the upload."),
        }
    ),
    "各阶段用时。",
    "How long the work took.",
)

HEALTH = entity(
    {
        "status": described({"const": "ok"}, "服务正常。", "The service runs."),
        "message": _MESSAGE,
        "sample_rate": described(_INTEGER, "输出采样率（Hz）。", "Rate of results, in Hz."),
    }
)

STATUS = entity({"status": described(STRING, "状态。", "The state.")})

CLONED = entity(
    {
        "success": _SUCCESS,
        "message": described(
            STRING, "固定为“音色克隆成功”。", "Always the same, in Chinese, by contract."
        ),
        "result_audio": described(
            _BASE64 | {"contentMediaType": "audio/wav"},
            "结果：22050 Hz 单声道 16 位 WAV 的 base64（不含 data URL 前缀），与源音频等长。",
            "The result: base64, without a data URL's prefix, of a mono 16-bit WAV at 22050 Hz, "
            "exactly as long as the source.",
        ),
        "stats": _STATS,
    }
)

TONE = entity(
    {
        "success": _SUCCESS,
        "tone": described(
            STRING,
            "音色：<模型编号>:<256 个小端 float32 的 base64>。",
            "The tone: <model id>:<base64 of 256 little-endian float32>.",
        ),
        "seconds": _SECONDS,
        "warnings": described(
            _STRINGS,
            "影响克隆效果的问题：short 过短，quiet 过轻，clipped 削波，mostly_silence 多为静音。",
            "What hurts a clone: any of short, quiet, clipped, mostly_silence.",
        ),
    }
)


def error(codes: Sequence[str]) -> Schema:
    """Return the schema of an error that is one of these codes."""
    facts = {name: {"type": kind} for code in codes for name, kind in ERRORS[code].facts.items()}
    code = described(STRING | {"enum": list(codes)}, "错误码，不会改变。", "What went wrong.")
    param = described(STRING, "出错的字段。", "The field at fault.")
    detail = entity({"code": code, "param": param, **facts}, ("param", *facts))
    return entity(
        {
            "success": described(_FALSE, "失败。", "It did not work."),
            "message": described(STRING, "出错原因与处理办法。", "What to do about it."),
            "error": described(detail, "供程序判断的错误信息。", "The error, for programs."),
            "request_id": _REQUEST_ID,
        }
    )


STREAM_LINE: Schema = {
    "anyOf": [
        entity(
            {
                "success": _SUCCESS,
                "format": described(STRING, "音频格式。", "Format of the audio."),
                "sample_rate": described(_INTEGER, "采样率（Hz）。", "Its rate, in Hz."),
                "channels": described(_INTEGER, "声道数。", "Its channels."),
                "seconds": described(_NUMBER, "总时长（秒）。", "Length of the whole result."),
                "samples": described(_INTEGER, "总采样数。", "Samples of the whole result."),
                "windows": described(_INTEGER, "音频行数。", "Lines of audio that follow."),
                "request_id": _REQUEST_ID,
            }
        ),
        entity(
            {
                "index": described(_INTEGER, "行号，从 0 开始。", "Which it is, from 0."),
                "start_seconds": described(_NUMBER, "起始时间（秒）。", "Where it begins."),
                "seconds": _SECONDS,
                "progress": described(_NUMBER, "进度，0 到 1。", "Share done, 0 to 1."),
                "audio": described(_BASE64, "16 位 PCM 的 base64。", "Base64 of 16-bit PCM."),
            }
        ),
        entity(
            {
                "success": _SUCCESS,
                "message": _MESSAGE,
                "stats": _STATS,
                "seed": described(_INTEGER, "所用的随机种子。", "The seed that was used."),
            }
        ),
        error(tuple(ERRORS)),
    ]
}


def info() -> Schema:
    """Return the schema of /api/info."""
    limits = {
        name: described(_NUMBER, limit.about_zh or "", limit.about)
        for name, limit in LIMITS.items()
    }
    advice = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
    limits["target_advice_seconds"] = described(
        advice,
        "目标音频的建议秒数范围",
        "the best length of a target clip, from and to, in seconds",
    )
    graphs = {"type": "object", "additionalProperties": STRING}
    return entity(
        {
            "model": described(STRING, "服务名称。", "The service."),
            "version": described(STRING, "API 版本。", "The API's generation."),
            "sample_rate": described(_INTEGER, "输出采样率（Hz）。", "Rate of results, in Hz."),
            "target_length": described(
                _INTEGER, "一个音色窗口的频谱帧数。", "Spectrogram frames of one tone window."
            ),
            "tone_dimension": described(_INTEGER, "音色向量的维数。", "Numbers of a tone."),
            "supported_formats": described(_STRINGS, "支持的格式。", "Formats that are taken."),
            "name": described(STRING, "模型名称。", "The model's name."),
            "variant": described(STRING, "模型类别。", "Its family of networks."),
            "precision": described(STRING, "计算精度。", "Its arithmetic."),
            "model_id": described(STRING, "模型编号。", "Its id, which tones carry."),
            "graphs": described(graphs, "各计算图的 SHA-256。", "SHA-256 of each graph."),
            "providers": described(_STRINGS, "执行后端。", "Active execution providers."),
            "input_bandwidth_hz": described(
                _NUMBER, "输入带宽（Hz）。", "What lies above is removed from input, in Hz."
            ),
            "real_time_factor": described(
                _NUMBER,
                "启动时实测：处理时间与音频时长之比。",
                "Measured at start: time to embed and convert over length of the audio.",
            ),
            "licence": described(STRING, "权重许可。", "Licence of the weights."),
            "provenance": described(STRING, "权重来源。", "Where the weights come from."),
            "api_key_required": described(_BOOLEAN, "是否需要密钥。", "Whether a key is needed."),
            "limits": described(entity(limits), "各项限制。", "The limits in force."),
        }
    )


def error_rows() -> list[dict[str, Any]]:
    """Return the table of errors, as documentation shows it."""
    return [
        {
            "code": code,
            "status": row.status,
            "message_en": row.texts["en"],
            "message_zh": row.texts["zh"],
            "facts": dict(row.facts),
        }
        for code, row in ERRORS.items()
    ]
