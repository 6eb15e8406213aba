from __future__ import annotations

import json
from typing import Any

import pytest

from client.errors import ApiError, UnexpectedAnswer
from client.results import StreamHead
from client.stream import StreamReader, stream_head

HEAD = {
    "success": True,
    "format": "pcm_s16le",
    "sample_rate": 22050,
    "channels": 1,
    "samples": 3,
    "seconds": 0.1,
    "request_id": "r",
}
PIECE = {"index": 0, "start_seconds": 0.0, "seconds": 0.1, "progress": 1.0, "audio": "AQACAAMA"}
LAST = {"success": True, "message": "音色克隆成功", "stats": {}}
FAILURE = {
    "success": False,
    "message": "too slow",
    "error": {"code": "deadline_exceeded", "seconds": 300},
    "request_id": "r",
}


def reader() -> StreamReader:
    return StreamReader(stream_head(json.dumps(HEAD)))


def test_head() -> None:
    assert stream_head(json.dumps(HEAD)) == StreamHead(22050, 3, 0.1, "r")


@pytest.mark.parametrize(
    "change", [{"format": "mp3"}, {"channels": 2}, {"samples": None}, {"sample_rate": "x"}]
)
def test_a_head_of_another_format_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="format"):
        stream_head(json.dumps(HEAD | change))


def test_a_whole_stream() -> None:
    lines = reader()
    piece = lines.read(json.dumps(PIECE))
    assert piece is not None
    assert (piece.index, piece.progress, piece.pcm) == (0, 1.0, b"\1\0\2\0\3\0")
    assert lines.read(json.dumps(LAST)) is None
    lines.check_complete()


@pytest.mark.parametrize("lines", [[], [PIECE], [LAST], [{**PIECE, "audio": "AQA="}, LAST]])
def test_a_stream_that_lacks_its_end_or_samples_is_refused(lines: list[dict[str, Any]]) -> None:
    unfinished = reader()
    for line in lines:
        unfinished.read(json.dumps(line))
    with pytest.raises(UnexpectedAnswer, match="ended before"):
        unfinished.check_complete()


def test_an_error_in_place_of_any_line() -> None:
    for read in (stream_head, reader().read):
        with pytest.raises(ApiError) as caught:
            read(json.dumps(FAILURE))
        assert caught.value.code == "deadline_exceeded"
        assert caught.value.facts == {"seconds": 300}


@pytest.mark.parametrize("line", ["", "{", json.dumps({"audio": "AQA="}), '{"audio": "?"}'])
def test_a_broken_line_is_refused(line: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        reader().read(line)
