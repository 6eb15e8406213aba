"""What messages are declared with: a base class, texts in two languages, descriptions of fields."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Meta, Struct, to_builtins

Language = Literal["zh", "en"]


class Text:
    """A text in both languages.

    Args:
        zh: The text in Chinese.
        en: The text in English.
    """

    __slots__ = ("en", "zh")

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en

    def to(self, language: Language) -> str:
        """Return the text in one language."""
        return self.zh if language == "zh" else self.en


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """An object that is sent as JSON; every field it may have is declared.

    A field is `Annotated` with `about`. One that is absent by default has the type `UnsetType`
    besides its own.
    """

    def to_builtins(self, language: Language = "en") -> dict[str, Any]:
        """Return the JSON object, with texts in one language."""
        found: dict[str, Any] = to_builtins(self, enc_hook=lambda text: text.to(language))
        return found


def about(zh: str, en: str, example: Any = None, expected: Text | None = None) -> Meta:
    """Describe a field.

    Args:
        zh: What it means, in Chinese.
        en: What it means, in English.
        example: A value for the example of its message.
        expected: What a request's value must be, as the end of "it must be ...".
    """
    return Meta(
        description=en,
        extra_json_schema={"x-description-zh": zh},
        extra={"example": example, "expected": expected},
    )
