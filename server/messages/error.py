"""The base of every error of the API, its answer, and the exception that carries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from server.messages.answers import RequestId
from server.messages.message import Language, Message, Text, about

Param = Annotated[str, about("出错的字段。", "The field at fault.", "target_audio")]


class ErrorDetail(Message, tag_field="code", frozen=True, kw_only=True):
    """What went wrong, for programs: a code, and the facts that the code's class declares."""

    status: ClassVar[int]
    """The HTTP status."""

    message: ClassVar[Text]
    """What to do about it; `{names}` are filled with the facts."""

    @classmethod
    def code(cls) -> str:
        """Return the error's code, which never changes."""
        return str(cls.__struct_config__.tag)

    def sentence(self, language: Language) -> str:
        """Return the message in one language, its facts filled in."""
        return self.message.to(language).format(**self.to_builtins(language))

    def headers(self) -> Mapping[str, str]:
        """Return the headers that the answer carries besides."""
        return {}


class FieldError(ErrorDetail, frozen=True, kw_only=True):
    """An error in one field of a request."""

    param: Param


class ClipError(FieldError, frozen=True, kw_only=True):
    """An error in one audio clip of a request."""

    index: Annotated[
        int | UnsetType,
        about(
            "出错的音频在列表中的位置，从 0 开始。", "Position of the clip in its list, from 0.", 1
        ),
    ] = UNSET


class RetryableError(ErrorDetail, frozen=True, kw_only=True):
    """An error that passes by itself."""

    retry_after_seconds: Annotated[
        int, about("请在这么多秒后重试。", "Seconds after which to retry.", 2)
    ]

    def headers(self) -> Mapping[str, str]:
        """Return the Retry-After header."""
        return {"Retry-After": str(self.retry_after_seconds)}


class ErrorAnswer(Message, frozen=True, kw_only=True):
    """The answer to a request that failed, and the last line of a stream that did."""

    success: Annotated[Literal[False], about("失败。", "The request failed.", False)]
    message: Annotated[str, about("出错原因与处理办法。", "What went wrong and what to do.")]
    error: Annotated[ErrorDetail, about("供程序判断的错误信息。", "The error, for programs.")]
    request_id: RequestId


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """How a family of addresses answers errors, where it has a form of its own.

    Args:
        answer: The message that an error is answered with.
        status_of: Returns the status of an error.
    """

    answer: type[Message]
    status_of: Callable[[type[ErrorDetail]], int]


class ApiError(Exception):
    """Raised to answer a request with an error.

    Args:
        detail: The error.
        headers: More headers of the answer.
    """

    def __init__(self, detail: ErrorDetail, headers: Mapping[str, str] | None = None) -> None:
        self.detail = detail
        self.headers = {**detail.headers(), **(headers or {})}
        super().__init__(detail.sentence("en"))

    @property
    def code(self) -> str:
        """The error's code."""
        return self.detail.code()

    def answer(self, language: Language, request_id: str) -> ErrorAnswer:
        """Return the answer in one language."""
        return ErrorAnswer(
            success=False,
            message=self.detail.sentence(language),
            error=self.detail,
            request_id=request_id,
        )
