"""JSON objects from request bodies, parsed so that a hostile body costs no more than a valid one.

The parser is the standard library's: msgspec's and others answer NaN, 1e999 and integers of
thousands of digits as malformed JSON, where the API names the field at fault.
"""

from __future__ import annotations

import json
from typing import Any

from server.messages.error import ApiError
from server.messages.errors import InvalidJson

MAXIMUM_VALUES = 10_000
"""Most values in one body: far more than any request has, too few to fill the memory with."""

_LONGEST_INTEGER_DIGITS = 20
"""2**63 has 19 digits and may have a sign; a longer integer counts as infinite."""


def parse_object(body: bytearray) -> dict[str, Any]:
    """Parse a request body, and empty it so that its memory is not held twice.

    Args:
        body: UTF-8 text, with or without a byte order mark.

    Returns:
        The object's fields. NaN and numbers beyond the range of float are returned as such floats.

    Raises:
        ApiError: `invalid_json`: not JSON, not an object, or absurdly nested or long.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MAXIMUM_VALUES:
        raise ApiError(InvalidJson())
    try:
        text = body.decode("utf-8-sig")
        body.clear()
        value = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError):
        raise ApiError(InvalidJson()) from None
    if not isinstance(value, dict):
        raise ApiError(InvalidJson())
    return value


def parse_number(text: str) -> int | float | None:
    """Parse the text of a form's number as JSON does; an empty text is None.

    Raises:
        ValueError: The text is not a number.
    """
    if not text:
        return None
    value = json.loads(text, parse_int=_integer)
    if isinstance(value, int | float):
        return value
    raise ValueError(text)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER_DIGITS else float("inf")
