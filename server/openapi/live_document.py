"""/asyncapi.json: the messages of a live session, made from their declarations."""

from __future__ import annotations

from typing import Any

from server.messages.errors import ERRORS
from server.messages.live import LiveDone, LiveEnd, LiveError, LiveReady
from server.messages.message import Message, Text
from server.messages.requests import LiveRequest
from server.openapi.answer_schema import Schema, answer_schema, error_schema, example_of
from server.openapi.request_schema import example_request, json_schema

_AUDIO: Schema = {"type": "string", "format": "binary"}


def make_live_document(path: str, most_clips: int) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document.

    Args:
        path: Address of the WebSocket.
        most_clips: Most target clips.
    """
    messages = {
        "start": {
            "contentType": "application/json",
            "payload": json_schema(LiveRequest, most_clips),
            "examples": [{"payload": example_request(LiveRequest)}],
            **_summary(Text("客户端的第一条消息。", "The client's first message.")),
        },
        "speech": _binary(
            Text(
                "要转换的音频，长度任意，以完整的采样点为单位。",
                "Samples to convert, as many as wished, none cut in two.",
            )
        ),
        "end": _text(LiveEnd, Text("客户端的最后一条消息。", "The client's last message.")),
        "ready": _text(LiveReady, Text("服务器的第一条消息。", "The server's first message.")),
        "converted": _binary(Text("转换后的 16 位 PCM。", "What was converted, as 16-bit PCM.")),
        "done": _text(LiveDone, Text("服务器的最后一条消息。", "The server's last message.")),
        "error": _error(
            Text("会话失败时的最后一条消息。", "The last message of a session that fails.")
        ),
    }
    sent, received = ("start", "speech", "end"), ("ready", "converted", "done", "error")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "OpenVoice Tone Clone, live", "version": "v2"},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": path,
                "messages": {name: _refer("components", "messages", name) for name in messages},
            }
        },
        "operations": {
            "send": _operation("receive", sent),
            "receive": _operation("send", received),
        },
        "components": {"messages": messages},
    }


def _operation(action: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return an operation, whose action is the server's."""
    messages = [_refer("channels", "live", "messages", name) for name in names]
    return {"action": action, "channel": _refer("channels", "live"), "messages": messages}


def _text(message: type[Message], about: Text) -> dict[str, Any]:
    return {
        "contentType": "application/json",
        "payload": answer_schema(message),
        "examples": [{"payload": example_of(message)}],
        **_summary(about),
    }


def _binary(about: Text) -> dict[str, Any]:
    return {"contentType": "application/octet-stream", "payload": _AUDIO, **_summary(about)}


def _error(about: Text) -> dict[str, Any]:
    schema = answer_schema(LiveError)
    schema["properties"]["error"] = error_schema(tuple(ERRORS))["properties"]["error"]
    return {"contentType": "application/json", "payload": schema, **_summary(about)}


def _summary(about: Text) -> Schema:
    return {"summary": about.en, "x-summary-zh": about.zh}


def _refer(*names: str) -> dict[str, str]:
    return {"$ref": "#/" + "/".join(names)}
