from __future__ import annotations

import email.utils
import time

import httpx
import pytest

from client.connection import http_options, reaching, retry_delay_seconds
from client.errors import Unreachable


@pytest.mark.parametrize(
    ("header", "attempt", "seconds"),
    [("7", 0, 7), ("0", 4, 0), (None, 0, 1), (None, 3, 8), (None, 20, 30), ("soon", 1, 2)],
)
def test_retry_delay(header: str | None, attempt: int, seconds: float) -> None:
    headers = {"Retry-After": header} if header else {}
    assert retry_delay_seconds(httpx.Response(429, headers=headers), attempt, 99) == seconds


def test_retry_delay_understands_a_date() -> None:
    for offset, low, high in ((20, 15, 20), (-20, 0, 0)):
        date = email.utils.formatdate(time.time() + offset, usegmt=True)
        delay = retry_delay_seconds(httpx.Response(503, headers={"Retry-After": date}), 0, 1)
        assert delay is not None
        assert low <= delay <= high


@pytest.mark.parametrize(("status", "attempt"), [(200, 0), (500, 0), (429, 3), (503, 4)])
def test_other_answers_and_the_last_one_stand(status: int, attempt: int) -> None:
    assert retry_delay_seconds(httpx.Response(status), attempt, 3) is None


def test_options_carry_key_language_and_timeouts() -> None:
    options = http_options("http://box", "secret", 7.0, "zh")
    assert options["base_url"] == "http://box"
    assert options["headers"]["Authorization"] == "Bearer secret"
    assert options["headers"]["Accept-Language"] == "zh"
    assert (options["timeout"].read, options["timeout"].connect) == (7.0, 10.0)
    assert "Authorization" not in http_options("http://box", None, 7.0, "en")["headers"]


@pytest.mark.parametrize("error", [httpx.ReadTimeout(""), httpx.InvalidURL("no host")])
def test_what_breaks_on_the_way_is_unreachable(error: Exception) -> None:
    with pytest.raises(Unreachable, match="http://box"), reaching("http://box"):
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), reaching("http://box"):
        raise KeyError
