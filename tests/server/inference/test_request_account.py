from __future__ import annotations

import re

import pytest

from server.inference.admission import Admission
from server.inference.request_account import (
    CONVERT,
    DECODE,
    ENCODE,
    PARSE,
    QUEUE,
    TONE,
    UPLOAD,
    RequestAccount,
)


def make_account() -> RequestAccount:
    with Admission(1, 1, 1).lease_memory() as lease:
        return RequestAccount(lease)


def test_a_stage_that_comes_again_adds_up() -> None:
    account = make_account()
    account.add_time(TONE, 0.5)
    account.add_time(TONE, 0.25)
    assert account.stage_seconds == {TONE: 0.75}


def test_measure_counts_a_block_that_raises() -> None:
    account = make_account()
    with pytest.raises(KeyError), account.measure(PARSE):
        raise KeyError
    assert account.stage_seconds[PARSE] >= 0


def test_stats_are_the_contract_s_strings() -> None:
    account = make_account()
    for stage, seconds in ((UPLOAD, 9), (QUEUE, 8), (DECODE, 1), (TONE, 0.23)):
        account.add_time(stage, seconds)
    for stage, seconds in ((CONVERT, 2), (ENCODE, 0.45)):
        account.add_time(stage, seconds)
    assert account.stats().to_builtins() == {
        "extract_time": "1.23s",
        "clone_time": "2.45s",
        "total_time": "3.68s",
    }


def test_server_timing_is_in_milliseconds() -> None:
    account = make_account()
    account.add_time(DECODE, 0.0123)
    assert re.fullmatch(r"decode;dur=12\.3, total;dur=\d+\.\d", account.server_timing())
