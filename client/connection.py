"""Connection to a server: options of the HTTP client, waiting before a retry, connection errors."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from client.errors import Unreachable

RETRY_STATUSES = (429, 503)
LONGEST_BACKOFF_SECONDS = 30.0
CONNECT_TIMEOUT_SECONDS = 10.0


def http_options(
    server: str, api_key: str | None, timeout_seconds: float, language: str
) -> dict[str, Any]:
    """Build the arguments that both kinds of httpx client are made with."""
    headers = {"Accept-Language": language, "Content-Type": "application/json"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    timeout = httpx.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
    return {"base_url": server, "headers": headers, "timeout": timeout}


def retry_delay_seconds(response: httpx.Response, attempt: int, retries: int) -> float | None:
    """Compute how long to wait before a request is sent again: Retry-After, else ever longer.

    Args:
        response: Answer to the request.
        attempt: Number of times that the request was sent again before.
        retries: Largest number of times that it is sent again.

    Returns:
        Seconds to wait, or None if the answer stands.
    """
    if response.status_code not in RETRY_STATUSES or attempt >= retries:
        return None
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    if value:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            pass
    return min(LONGEST_BACKOFF_SECONDS, 2.0**attempt)


@contextmanager
def reaching(server: str) -> Iterator[None]:
    """Turn connection errors of httpx into `Unreachable`."""
    try:
        yield
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unreachable(server, str(error) or type(error).__name__) from error
