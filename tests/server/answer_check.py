"""ASGI middleware for tests that holds every JSON answer to its declared, closed schema."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.app import ServerParts, create_endpoints
from server.messages.elevenlabs import PREFIXES, DetailedError
from server.openapi.answer_schema import answer_schema, error_schema
from server.process.model_loader import ModelLoader
from server.settings import Settings
from tests.server.fakes import FakeEngine

FILES = ("/static", "/samples")


@cache
def validators() -> dict[tuple[str, str, int, str], Any]:
    """Return a validator for each path, method, status and content type that is declared."""
    parts = ServerParts.create(Settings(), ModelLoader(FakeEngine))
    return {
        (operation.path, operation.method.upper(), int(status), kind): jsonschema_rs.validator_for(
            media["schema"]
        )
        for operation in (endpoint.operation for endpoint in create_endpoints(parts))
        for status, answer in operation.describe(False, 16, None)["responses"].items()
        for kind, media in answer["content"].items()
    }


def template_of(path: str) -> str:
    """Return the path as it is declared: with `{name}` or `{voice_id}` for the name of a voice."""
    if path == "/v1/voices/add":
        return path
    path = re.sub(r"^/api/voices/[^/]+$", "/api/voices/{name}", path)
    return re.sub(
        r"^(/v1/(?:voices|speech-to-speech|voice-changer))/[^/]+(/stream)?$",
        r"\1/{voice_id}\2",
        path,
    )


@cache
def undeclared(is_elevenlabs: bool) -> Any:
    """Return the validator of what any address may answer: there is none, or no such method."""
    ours = error_schema(["not_found", "method_not_allowed"])
    return jsonschema_rs.validator_for(answer_schema(DetailedError) if is_elevenlabs else ours)


def check_answer(path: str, method: str, status: int, kind: str, body: bytes) -> bool:
    """Validate one whole answer; return whether it was JSON.

    Raises:
        ValidationError: It does not fit its schema.
        KeyError: No such answer is declared.
    """
    if kind not in ("application/json", "application/x-ndjson") or path.startswith(FILES):
        return False
    declared = validators().get((template_of(path), method, status, kind))
    if declared is None and status not in (404, 405):
        raise KeyError(path, method, status, kind)
    validator = undeclared(path.startswith(PREFIXES)) if declared is None else declared
    for text in body.splitlines() if kind == "application/x-ndjson" else [body]:
        validator.validate(json.loads(text))
    return True


class AnswerCheck:
    """The middleware.

    Attributes:
        checked: Number of answers that fit.
        violations: What was wrong with the others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.checked = 0
        self.violations: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def send_checked(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._check(scope, start, bytes(body))
            await send(message)

        await self._app(scope, receive, send_checked)

    def _check(self, scope: Scope, start: Message, body: bytes) -> None:
        kind = dict(start["headers"]).get(b"content-type", b"").decode()
        method, path, status = scope["method"], scope["path"], start["status"]
        if method == "HEAD":
            return
        try:
            self.checked += check_answer(path, method, status, kind, body)
        except (jsonschema_rs.ValidationError, KeyError) as error:
            self.violations.append(f"{method} {path} {status}: {error!r}")
