"""Files from the hub: resumed where a connection drops, checked, kept until they are whole."""

import errno
import hashlib
import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from runtime.install.errors import DownloadFailed
from runtime.install.hub import ADVICE, Hub
from runtime.install.space import require_space

CHUNK_BYTES = 1 << 18
# Attempts in a row that bring nothing before it is given up, and the pauses between them.
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it is fetched.

    Args:
        size_bytes: Its size, or None.
        sha256: Its SHA-256 in hexadecimal digits, or None.
    """

    size_bytes: int | None = None
    sha256: str | None = None


class Download:
    """One file on its way from the hub to the disk.

    What has arrived stays in `NAME.part` beside the target when a connection breaks or the process
    ends, with the hub's tag of the file in `NAME.tag`, and the next attempt asks for the rest.

    Args:
        hub: Where it comes from.
        url: Its address there.
        target: Where it goes.
        expected: What is known of it.
        pause: Waits so many seconds before another attempt.
    """

    def __init__(
        self,
        hub: Hub,
        url: str,
        target: Path,
        expected: Expected,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hub = hub
        self._url = url
        self._target = target
        self._part = target.with_name(f"{target.name}.part")
        self._tag = target.with_name(f"{target.name}.tag")
        self._expected = expected
        self._pause = pause

    def run(self) -> str:
        """Fetch the file.

        Returns:
            Its SHA-256 in hexadecimal digits.

        Raises:
            DownloadFailed: it cannot be had, or is not the expected one, which is deleted.
            NotEnoughSpace: the disk has no room for it.
        """
        failures = 0
        while True:
            before = self._arrived_bytes()
            try:
                total = self._attempt()
                if total is None or self._arrived_bytes() >= total:
                    break
                fault: Exception = EOFError("the connection was closed early")
            except (OSError, http.client.HTTPException) as error:
                if getattr(error, "errno", None) in DISK_FAULTS:
                    raise
                if getattr(error, "code", None) == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                    self._forget()
                fault = error
            failures = 0 if self._arrived_bytes() > before else failures + 1
            if failures > len(PAUSES_SECONDS):
                raise DownloadFailed(self._url, self._given_up(fault)) from fault
            self._pause(PAUSES_SECONDS[max(failures - 1, 0)])
        return self._checked()

    def _arrived_bytes(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _attempt(self) -> int | None:
        """Ask for what is missing and write what comes; return the file's size, if it is told."""
        arrived = self._arrived_bytes()
        headers = {"Accept-Encoding": "identity"}
        if arrived and self._tag.exists():
            headers |= {"Range": f"bytes={arrived}-", "If-Range": self._tag.read_text("utf-8")}
        with self._hub.open(self._url, headers) as response:
            total = self._total_bytes(response, arrived)
            resumed = response.status == http.client.PARTIAL_CONTENT
            arrived = arrived if resumed else 0
            self._check_size(total)
            if total is not None:
                require_space(self._target.parent, total - arrived)
            self._remember_tag(response)
            self._receive(response, arrived, total)
        return total

    def _total_bytes(self, response: http.client.HTTPResponse, arrived: int) -> int | None:
        if response.status == http.client.PARTIAL_CONTENT:
            match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != arrived:
                self._forget()
                raise OSError("the hub sent another part than was asked for")
            return int(match[2])
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else None

    def _check_size(self, total: int | None) -> None:
        wanted = self._expected.size_bytes
        if wanted is not None and total is not None and total != wanted:
            self._forget()
            raise DownloadFailed(
                self._url, f"it is {total} bytes there, the official file is {wanted}"
            )

    def _remember_tag(self, response: http.client.HTTPResponse) -> None:
        tag = response.headers.get("ETag")
        # only a strong tag may vouch for a part of a file (RFC 9110, 13.1.5)
        if tag and not tag.startswith("W/"):
            self._tag.write_text(tag, "utf-8")
        else:
            self._tag.unlink(missing_ok=True)

    def _receive(self, response: http.client.HTTPResponse, arrived: int, total: int | None) -> None:
        with (
            self._part.open("ab" if arrived else "wb") as file,
            tqdm(
                total=total,
                initial=arrived,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
                desc=self._target.name,
                delay=0.5,
            ) as bar,
        ):
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                bar.update(len(chunk))

    def _checked(self) -> str:
        size = self._arrived_bytes()
        with self._part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        wanted = self._expected
        if wanted.size_bytes not in (None, size):
            self._forget()
            raise DownloadFailed(
                self._url, f"{size} bytes came, the official file is {wanted.size_bytes}"
            )
        if wanted.sha256 not in (None, found):
            self._forget()
            raise DownloadFailed(
                self._url,
                f"what came is not the expected file and was deleted: its SHA-256 is {found}, "
                f"not {wanted.sha256}",
            )
        self._part.rename(self._target)
        self._tag.unlink(missing_ok=True)
        return found

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)

    def _given_up(self, fault: Exception) -> str:
        reason = getattr(fault, "reason", None) or fault
        kept = self._arrived_bytes()
        rest = f"; {kept} bytes of it are kept, and the next run asks for the rest" if kept else ""
        return f"the hub cannot be reached ({reason}); {ADVICE}{rest}"
