"""`python -m server` whose JSON answers are held to their schemas; a violation fails its end."""

from __future__ import annotations

import sys

from starlette.types import ASGIApp

import server.app
from server.__main__ import main
from server.app import ServerParts
from tests.server.answer_check import AnswerCheck, validators

VIOLATED = 3
"""Exit status of a server that answered against its description."""


def _main() -> int:
    create_app = server.app.create_app
    checks: list[AnswerCheck] = []

    def create_checked(parts: ServerParts) -> ASGIApp:
        checks.append(AnswerCheck(create_app(parts)))
        return checks[-1]

    validators()  # no answer waits until they are made
    server.app.create_app = create_checked  # type: ignore[assignment]
    status = main(program="python -m server")
    violations = [violation for check in checks for violation in check.violations]
    for violation in violations:
        print(violation, file=sys.stderr)
    return VIOLATED if violations else status


if __name__ == "__main__":
    sys.exit(_main())
