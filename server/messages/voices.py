"""The answers of /api/voices."""

from __future__ import annotations

from typing import Annotated

from server.messages.answers import Success, Warnings
from server.messages.message import Message, about

Name = Annotated[str, about("声音名称。", "The voice's name.", "anna")]


class Voice(Message, frozen=True, kw_only=True):
    """A stored voice."""

    name: Name
    seconds: Annotated[
        float | None,
        about(
            "录音的总时长（秒）；由 tone 保存的为 null。",
            "Length of its clips in seconds; null where it was saved as a tone.",
            3.9,
        ),
    ]
    clips: Annotated[int, about("录音段数。", "Number of its clips.", 1)]
    created: Annotated[
        str, about("保存时间（UTC）。", "When it was saved, in UTC.", "2026-01-31T12:00:00Z")
    ]
    model_id: Annotated[
        str,
        about(
            "音色所属的模型；与当前模型不同且未保存录音时，该声音不能使用。",
            "Model that its tone belongs to; where it is not the loaded one, the voice can be used "
            "only if its audio is stored.",
            "0123456789ab",
        ),
    ]
    warnings: Warnings
    has_audio: Annotated[bool, about("是否保存了录音。", "Whether its audio is stored.", False)]


class VoiceAnswer(Message, frozen=True, kw_only=True):
    """The answer of POST /api/voices and GET /api/voices/{name}."""

    success: Success
    voice: Annotated[Voice, about("声音。", "The voice.")]


class VoiceList(Message, frozen=True, kw_only=True):
    """The answer of GET /api/voices."""

    success: Success
    voices: Annotated[list[Voice], about("按名称排序的声音。", "Voices in the order of names.")]
    next: Annotated[
        str | None,
        about(
            "还有更多声音时，下一页的 after；否则为 null。",
            "The value of `after` for the next page; null where there are no more voices.",
            "anna",
        ),
    ]


class VoiceDeleted(Message, frozen=True, kw_only=True):
    """The answer of DELETE /api/voices/{name}."""

    success: Success
    name: Name
