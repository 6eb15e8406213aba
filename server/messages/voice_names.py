"""Names of stored voices, and mixes of voices by name."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any, NewType

MAXIMUM_NAME_CHARACTERS = 64
MAXIMUM_MIXED_VOICES = 16

_LEAST_WEIGHT = 1e-6
"""Least sum of a mix's weights, so that dividing by it is exact enough."""

_PUNCTUATION = frozenset("-_.")
_CATEGORIES = ("L", "M", "Nd")
"""Letters, the marks that many scripts write vowels with, and decimal digits."""


VoiceName = NewType("VoiceName", str)
"""A voice's name, in the spelling that it is stored with; `parse_name` makes one."""


def parse_name(text: str) -> VoiceName | None:
    """Return the name that a text spells, or None where it spells none.

    Spellings that look alike are one name: it is normalised to NFC. A name of dots alone is
    refused, because clients resolve it as a part of a path.
    """
    # Composing shortens a letter with its marks, so that the text may be longer than the name.
    if len(text) > 4 * MAXIMUM_NAME_CHARACTERS:
        return None
    name = unicodedata.normalize("NFC", text)
    if not 1 <= len(name) <= MAXIMUM_NAME_CHARACTERS or not name.strip("."):
        return None
    return VoiceName(name) if all(map(_is_allowed, name)) else None


class VoiceMix:
    """Stored voices to mix, each with its share.

    Args:
        shares: Shares by name, each above 0; their sum is 1.
    """

    __slots__ = ("shares",)

    def __init__(self, shares: Mapping[VoiceName, float]) -> None:
        self.shares = shares

    @classmethod
    def parse(cls, value: Any) -> VoiceMix | None:
        """Return the mix of a JSON value, a name or weights by name; None where it is neither.

        A weight is a number from 0 to 1; the weights are divided by their sum, and voices of
        weight 0 are left out.
        """
        if isinstance(value, str):
            value = {value: 1.0}
        if not isinstance(value, dict) or not 1 <= len(value) <= MAXIMUM_MIXED_VOICES:
            return None
        weights: dict[VoiceName, float] = {}
        for text, weight in value.items():
            name = parse_name(text)
            if name is None or name in weights or not _is_share(weight):
                return None
            weights[name] = float(weight)
        total = math.fsum(weights.values())
        if total < _LEAST_WEIGHT:
            return None
        return cls({name: weight / total for name, weight in weights.items() if weight > 0})


def _is_allowed(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _PUNCTUATION or category.startswith(_CATEGORIES)


def _is_share(weight: Any) -> bool:
    is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
    return is_number and 0 <= weight <= 1
