"""Structured logs: one JSON object a line, with the request's id and nothing of its body."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from server.settings import LogLevel

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that the current task serves; empty outside requests."""

TRACE_IDS: ContextVar[Mapping[str, str]] = ContextVar("trace_ids", default=MappingProxyType({}))
"""The ids of the trace and span of the request that the current task serves; empty outside."""

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON: its message, its `extra` fields and its traceback.

    Args:
        fields: More fields of every line.
    """

    def __init__(self, fields: Mapping[str, object] = MappingProxyType({})) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._fields,
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        line |= TRACE_IDS.get()
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: LogLevel, **fields: object) -> None:
    """Write the log of this process and of its libraries to standard error, as JSON lines.

    Args:
        level: Least severe lines that are written.
        fields: More fields of every line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It warns of malformed forms, which the client is told of already.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
