"""The answer of /api/verify."""

from __future__ import annotations

from typing import Annotated

from runtime.marking.label import Label
from runtime.marking.reader import Reading
from server.messages.answers import Seconds, Success
from server.messages.message import Message, about

Confidence = Annotated[float, about("置信度，0 到 1。", "Confidence, 0 to 1.", 0.998)]


class MarkedStretch(Message, frozen=True, kw_only=True):
    """A marked part of a clip."""

    start_seconds: Annotated[float, about("起始时间（秒）。", "Where it begins, in seconds.", 0.0)]
    stop_seconds: Annotated[float, about("结束时间（秒）。", "Where it ends, in seconds.", 3.9)]
    confidence: Confidence


class Watermark(Message, frozen=True, kw_only=True):
    """What was read in the audio."""

    present: Annotated[
        bool, about("是否检测到水印。", "Whether the clip or a part of it is marked.", True)
    ]
    confidence: Confidence
    stretches: Annotated[
        list[MarkedStretch], about("带有水印的片段。", "The parts that are marked, in order.")
    ]

    @classmethod
    def of(cls, reading: Reading) -> Watermark:
        """Return the answer's form of a reading."""
        return cls(
            present=reading.present,
            confidence=round(reading.confidence, 4),
            stretches=[
                MarkedStretch(
                    start_seconds=round(each.start_seconds, 3),
                    stop_seconds=round(each.stop_seconds, 3),
                    confidence=round(each.confidence, 4),
                )
                for each in reading.stretches
            ],
        )


class Metadata(Message, frozen=True, kw_only=True):
    """The label in a file's metadata, by the fields of GB 45438-2025."""

    label: Annotated[
        str,
        about(
            "生成合成属性：1 属于、2 可能、3 疑似。",
            "Whether it is generated: 1 certainly, 2 perhaps, 3 by suspicion.",
            "1",
        ),
    ]
    content_producer: Annotated[
        str, about("生成服务提供者。", "Who generated it.", "openvoice-onnx")
    ]
    produce_id: Annotated[
        str, about("内容编号。", "The id that they gave it.", "4f1c9d0a7e6b4c8f9a2d3b5e6f708192")
    ]
    content_propagator: Annotated[str, about("传播服务提供者。", "Who spreads it.", "")]
    propagate_id: Annotated[str, about("传播内容编号。", "The id that they gave it.", "")]

    @classmethod
    def of(cls, label: Label) -> Metadata:
        """Return the answer's form of a label."""
        return cls(
            label=label.label,
            content_producer=label.content_producer,
            produce_id=label.produce_id,
            content_propagator=label.content_propagator,
            propagate_id=label.propagate_id,
        )


class Verified(Message, frozen=True, kw_only=True):
    """The answer of /api/verify."""

    success: Success
    seconds: Seconds
    watermark: Annotated[Watermark, about("音频中的水印。", "The watermark in the audio.")]
    metadata: Annotated[
        Metadata | None,
        about(
            "文件元数据中的标识；没有则为 null。",
            "The label in the metadata; null without one.",
            {
                "label": "1",
                "content_producer": "openvoice-onnx",
                "produce_id": "4f1c9d0a7e6b4c8f9a2d3b5e6f708192",
                "content_propagator": "",
                "propagate_id": "",
            },
        ),
    ]
