"""The page, its scripts and the sample clips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.page import PAGE_HEADERS

STATIC = Path(__file__).resolve().parent / "static"
SAMPLES = Path(__file__).resolve().parents[1] / "samples"

_REVALIDATED = {"Cache-Control": "no-cache"}
_KEPT = {"Cache-Control": "public, max-age=86400"}


class Files(StaticFiles):
    """A folder's files, answered with headers of ours besides an entity tag.

    Args:
        directory: The folder.
        headers: Of every answer.
        index: The one file that is served whatever the path, where there is only one.
    """

    def __init__(
        self, directory: Path, headers: Mapping[str, str], index: str | None = None
    ) -> None:
        super().__init__(directory=directory)
        self._headers = headers
        self._index = index

    def get_path(self, scope: Scope) -> str:
        """Return the file that is asked for, relative to the folder."""
        return self._index or super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or that it has not changed."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def routes(static: Path = STATIC, samples: Path = SAMPLES) -> list[BaseRoute]:
    """Return the routes of what is served from folders."""
    page = _REVALIDATED | PAGE_HEADERS
    return [
        Route("/", Files(static, page, index="index.html"), methods=["GET"], name="page"),
        Mount("/static", Files(static, page), name="static"),
        Mount("/samples", Files(samples, _KEPT), name="samples"),
    ]
