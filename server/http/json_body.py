"""JSON in: one object, parsed so that hostile bodies cost no more than honest ones.

The standard library's parser, because it alone of the usual ones tells the numbers that must be
refused by field (NaN, 1e999, integers of thousands of digits) from text that is not JSON at all.
"""

from __future__ import annotations

import json
from typing import Any

from server.messages.errors import ApiError

MAXIMUM_VALUES = 10_000
"""Values in one body: far above any request, and too few for a small body to fill the memory."""

_LONGEST_INTEGER_DIGITS = 20
"""2**63 has 19 digits and may have a sign; Python's own limit would make it a parsing error."""


def parse_object(body: bytearray) -> dict[str, Any]:
    """Parse a request body, which is emptied so that its memory is not held twice.

    Args:
        body: UTF-8 text, a byte order mark allowed.

    Returns:
        The object's fields. NaN and numbers beyond float's range come as such floats.

    Raises:
        ApiError: `invalid_json`: no JSON, no object, or nested or split up absurdly.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MAXIMUM_VALUES:
        raise ApiError("invalid_json")
    try:
        text = body.decode("utf-8-sig")
        body.clear()
        value = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError):
        raise ApiError("invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError("invalid_json")
    return value


def parse_number(text: str) -> int | float | None:
    """Parse the text of a form's number field as JSON would be; empty is absent.

    Raises:
        ValueError: It is no number.
    """
    if not text:
        return None
    value = json.loads(text, parse_int=_integer)
    if isinstance(value, int | float):
        return value
    raise ValueError(text)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER_DIGITS else float("inf")
