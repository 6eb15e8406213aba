"""Reading the lines of /api/clone/stream."""

from __future__ import annotations

import base64
from typing import Any

from client.errors import UnexpectedAnswer
from client.protocol import error_of, parse_object
from client.results import Piece, StreamHead


class StreamReader:
    """Reads the lines of a stream in order and knows when it is complete.

    Attributes:
        head: what the first line said; None before it came.
        complete: whether the last line came, every sample having come before it.
    """

    def __init__(self) -> None:
        self.head: StreamHead | None = None
        self.complete = False
        self._samples = 0

    def read_head(self, line: str) -> StreamHead:
        """Read the first line."""
        answer = self._object(line)
        try:
            head = StreamHead(
                int(answer["format"]["sample_rate"]),
                int(answer["samples"]),
                float(answer["seconds"]),
                answer.get("request_id"),
            )
            encoding = (answer["format"]["encoding"], answer["format"]["channels"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedAnswer("the stream's first line lacks format or totals") from error
        if encoding != ("pcm_s16le", 1):
            raise UnexpectedAnswer(f"the stream's format is {encoding}, not mono pcm_s16le")
        self.head = head
        return head

    def read(self, line: str) -> Piece | None:
        """Read any later line: a piece, or None for the last line.

        Raises:
            ApiError: the line says that the conversion failed.
            UnexpectedAnswer: it is no line of this API, or samples are missing at the end.
        """
        answer = self._object(line)
        if "audio" not in answer:
            if self.head is None or self._samples != self.head.samples:
                raise UnexpectedAnswer("the stream ended before all of its audio had come")
            self.complete = True
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
        self._samples += len(pcm) // 2
        return piece

    def check_complete(self) -> None:
        """Raise UnexpectedAnswer if the stream broke off."""
        if not self.complete:
            raise UnexpectedAnswer("the stream broke off before its last line")

    @staticmethod
    def _object(line: str) -> dict[str, Any]:
        answer = parse_object(line)
        if answer.get("success") is False:
            raise error_of(200, answer)
        return answer
