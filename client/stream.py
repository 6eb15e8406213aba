"""Parsing of the lines of /api/clone/stream."""

from __future__ import annotations

import base64
from typing import Any

from client.errors import UnexpectedAnswer
from client.protocol import error_of, parse_object
from client.results import Piece, StreamHead


def stream_head(line: str) -> StreamHead:
    """Parse the first line.

    Raises:
        ApiError: The conversion failed.
        UnexpectedAnswer: The line is not a first line of this API.
    """
    answer = _object(line)
    try:
        head = StreamHead(
            int(answer["sample_rate"]),
            int(answer["samples"]),
            float(answer["seconds"]),
            answer.get("request_id"),
        )
        encoding = (answer["format"], answer["channels"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer("the stream's first line lacks format or totals") from error
    if encoding != ("pcm_s16le", 1):
        raise UnexpectedAnswer(f"the stream's format is {encoding}, not mono pcm_s16le")
    return head


class StreamReader:
    """Parser of the lines after the first, in order, that checks whether the stream is complete.

    Args:
        head: Content of the first line.
    """

    def __init__(self, head: StreamHead) -> None:
        self._missing_samples = head.samples
        self._complete = False

    def read(self, line: str) -> Piece | None:
        """Parse a line: a piece, or None for the last line.

        Raises:
            ApiError: The conversion failed.
            UnexpectedAnswer: The line is not one of this API.
        """
        answer = _object(line)
        if "audio" not in answer:
            self._complete = True
            return None
        try:
            pcm = base64.b64decode(answer["audio"], validate=True)
            piece = Piece(
                int(answer["index"]),
                float(answer["start_seconds"]),
                float(answer["seconds"]),
                float(answer["progress"]),
                pcm,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer("a line of the stream lacks a field") from error
        self._missing_samples -= len(pcm) // 2
        return piece

    def check_complete(self) -> None:
        """Check that the last line and every sample arrived.

        Raises:
            UnexpectedAnswer: The stream ended early.
        """
        if not self._complete or self._missing_samples:
            raise UnexpectedAnswer("the stream ended before all of its audio had arrived")


def _object(line: str) -> dict[str, Any]:
    answer = parse_object(line)
    if answer.get("success") is False:
        raise error_of(200, answer)
    return answer
