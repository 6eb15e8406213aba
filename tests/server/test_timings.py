from __future__ import annotations

import re

import pytest

from server.timings import CONVERT, DECODE, ENCODE, PARSE, QUEUE, TONE, UPLOAD, Timings


def test_a_stage_that_comes_again_adds_up() -> None:
    timings = Timings()
    timings.add(TONE, 0.5)
    timings.add(TONE, 0.25)
    assert timings.seconds == {TONE: 0.75}


def test_measure_counts_a_block_that_raises() -> None:
    timings = Timings()
    with pytest.raises(KeyError), timings.measure(PARSE):
        raise KeyError
    assert timings.seconds[PARSE] >= 0


def test_stats_are_the_contract_s_strings() -> None:
    timings = Timings()
    for stage, seconds in ((UPLOAD, 9), (QUEUE, 8), (DECODE, 1), (TONE, 0.23)):
        timings.add(stage, seconds)
    for stage, seconds in ((CONVERT, 2), (ENCODE, 0.45)):
        timings.add(stage, seconds)
    assert timings.stats() == {
        "extract_time": "1.23s",
        "clone_time": "2.45s",
        "total_time": "3.68s",
    }


def test_server_timing_is_in_milliseconds() -> None:
    timings = Timings()
    timings.add(DECODE, 0.0123)
    assert re.fullmatch(r"decode;dur=12\.3, total;dur=\d+\.\d", timings.server_timing())
