"""GET /, /static/ and /samples/: the page, its scripts and the sample clips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# wavesurfer.js adds one fixed style to its shadow root; the hash allows that style and no other.
_WAVEFORM_STYLE_HASH = "sha256-fF0LBso7Nz75zaFRDBUefBDvPe19hjaiDnnc8lt+2Js="

_CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": f"'self' '{_WAVEFORM_STYLE_HASH}'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{name} {sources}" for name, sources in _CONTENT_SECURITY_POLICY.items()
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}

STATIC = Path(__file__).resolve().parents[1] / "static"
SAMPLES = Path(__file__).resolve().parents[2] / "samples"

_REVALIDATED = {"Cache-Control": "no-cache"}
_KEPT = {"Cache-Control": "public, max-age=86400"}


class Files(StaticFiles):
    """A folder's files, served with additional headers.

    Args:
        directory: The folder.
        headers: Headers of every answer.
        index: Name of the one file to serve for every path; None serves the whole folder.
    """

    def __init__(
        self, directory: Path, headers: Mapping[str, str], index: str | None = None
    ) -> None:
        super().__init__(directory=directory)
        self._headers = headers
        self._index = index

    def get_path(self, scope: Scope) -> str:
        """Return the path of the requested file, relative to the folder."""
        return self._index or super().get_path(scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, or that it has not changed."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def create_routes(static: Path = STATIC, samples: Path = SAMPLES) -> list[BaseRoute]:
    """Return the routes of the page, its files and the samples."""
    page = _REVALIDATED | PAGE_HEADERS
    return [
        Route("/", Files(static, page, index="index.html"), methods=["GET"], name="page"),
        Mount("/static", Files(static, page), name="static"),
        Mount("/samples", Files(samples, _KEPT), name="samples"),
    ]
