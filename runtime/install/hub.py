"""The Hugging Face hub over HTTPS, by the standard library: addresses, token, redirects, refusals.

`HF_ENDPOINT` names a mirror, `HF_TOKEN` is sent to that host and no other, and proxies are taken
from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
"""

import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import IO
from urllib.request import Request

from runtime.install.errors import DownloadFailed

PUBLIC_ENDPOINT = "https://huggingface.co"
TIMEOUT_SECONDS = 30.0
ADVICE = (
    "set HF_ENDPOINT to a mirror of the hub, or download it elsewhere and give it as --checkpoint"
)


class Hub:
    """The hub that an environment names.

    Args:
        environment: The process's variables.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._endpoint = (environment.get("HF_ENDPOINT") or PUBLIC_ENDPOINT).rstrip("/")
        self._token = environment.get("HF_TOKEN")
        self._opener = urllib.request.build_opener(_Redirects(self._endpoint, self._token))

    def url(self, repository: str, path: str) -> str:
        """Give the address of a file in a repository's main branch."""
        return f"{self._endpoint}/{repository}/resolve/main/{urllib.parse.quote(path)}"

    def open(self, url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """Ask for a file.

        Args:
            url: As `url` gives it.
            headers: To send besides the token.

        Returns:
            The answer, 200 or 206, its body still to be read.

        Raises:
            DownloadFailed: the hub refuses; asking again would not help.
            OSError: no answer came, or one that asking again may change.
        """
        if not url.startswith(("https://", "http://")):
            raise DownloadFailed(url, "is no address; HF_ENDPOINT should begin with https://")
        request = Request(url, headers=dict(headers))
        request.add_header("User-Agent", "openvoice-onnx")
        if self._token:
            # unredirected: urllib copies every other header to wherever it is sent on to
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            response: http.client.HTTPResponse = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            error.close()
            if reason := self._refusal(error.code):
                raise DownloadFailed(url, reason) from error
            raise
        except http.client.InvalidURL as error:
            raise DownloadFailed(url, f"is no address ({error})") from error
        return response

    def _refusal(self, status: int) -> str | None:
        """Say why a status is final, or None where asking again may help."""
        if status == 404:
            return f"the hub has no such file (404); {ADVICE}"
        if status in (401, 403):
            token = "HF_TOKEN is not accepted" if self._token else "it may want a token in HF_TOKEN"
            return f"the hub refuses access ({status}): {token}"
        if status in (408, 416, 425, 429) or status >= 500:
            return None
        return f"the hub answers {status}; {ADVICE}"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the token goes along on the hub's own host, and never off HTTPS."""

    def __init__(self, endpoint: str, token: str | None) -> None:
        self._origin = _origin(endpoint)
        self._token = token

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """Prepare the request to where an answer points."""
        if req.type == "https" and not newurl.startswith("https:"):
            raise DownloadFailed(req.full_url, f"it is redirected off HTTPS, to {newurl:.100}")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and self._token and _origin(newurl) == self._origin:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return request


def _origin(url: str) -> tuple[str, str]:
    """Give what decides whether two addresses are one host's: scheme, name and port."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc
