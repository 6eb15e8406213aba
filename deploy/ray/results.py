"""Where the results of a data set are kept: a folder of files or of Parquet, and their failures.

A result appears whole or not at all, so what is there is done, whenever a run was ended.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from uuid import uuid4

SUFFIX = ".wav"
PARQUET_SUFFIX = ".parquet"
FAILURES = "failures.csv"

_COLUMNS = ("name", "code", "message")


@dataclass(frozen=True)
class Result:
    """A converted clip.

    Attributes:
        name: Name of the clip in the data set.
        audio: WAV file.
        seconds: Length.
        seed: Seed of the noise that it was made with.
    """

    name: str
    audio: bytes
    seconds: float
    seed: int


@dataclass(frozen=True)
class Failure:
    """A clip that could not be converted.

    Attributes:
        name: Name of the clip in the data set.
        code: Code of the error, as in `runtime.errors`, or `unreadable`.
        message: What was wrong.
    """

    name: str
    code: str
    message: str


class Results(Protocol):
    """A place for results, which many processes write to."""

    def done(self) -> set[str]:
        """Return the keys of the clips whose results are there."""
        ...

    def key(self, name: str) -> str:
        """Return what tells a clip's result from others.

        Raises:
            ValueError: A result of this name cannot be kept here.
        """
        ...

    def write(self, results: Sequence[Result]) -> None:
        """Keep results, each whole."""
        ...


class Files:
    """A folder with a WAV file for each clip, under its name with the ending .wav.

    Args:
        folder: The folder; made when the first result is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def done(self) -> set[str]:
        """Return the paths of the files that are there."""
        found = self._folder.rglob(f"*{SUFFIX}")
        return {path.relative_to(self._folder).as_posix() for path in found}

    def key(self, name: str) -> str:
        """Return the path below the folder."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise ValueError(f"{name!r} is no path below a folder")
        return path.with_suffix(SUFFIX).as_posix()

    def write(self, results: Sequence[Result]) -> None:
        """Write a file for each result."""
        for result in results:
            path = self._folder / self.key(result.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _Replacing(path) as partial:
                partial.write_bytes(result.audio)


class Parquet:
    """A folder of Parquet files with the columns name, audio, seconds and seed.

    Args:
        folder: The folder; made when the first result is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def done(self) -> set[str]:
        """Return the names in the files that are there."""
        from pyarrow import parquet

        tables = (parquet.read_table(path, columns=["name"]) for path in self._folder.glob(_PARTS))
        return {name for table in tables for name in table["name"].to_pylist()}

    def key(self, name: str) -> str:
        """Return the name."""
        return name

    def write(self, results: Sequence[Result]) -> None:
        """Write a file of the results; the same clips written again replace it."""
        from pyarrow import Table, parquet

        if not results:
            return
        names = "\n".join(result.name for result in results)
        digest = hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._folder.mkdir(parents=True, exist_ok=True)
        with _Replacing(self._folder / _PARTS.replace("*", digest)) as partial:
            parquet.write_table(Table.from_pylist([vars(result) for result in results]), partial)


_PARTS = f"part-*{PARQUET_SUFFIX}"


class _Replacing:
    """A file beside another, which it replaces when the block ends well.

    Args:
        path: The file that is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{uuid4().hex}.part")

    def __enter__(self) -> Path:
        return self._partial

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            os.replace(self._partial, self._path)
        else:
            self._partial.unlink(missing_ok=True)


def remove_partial(path: Path) -> None:
    """Remove what runs that were ended left half written at the results' path."""
    for partial in path.rglob(".*.part"):
        partial.unlink(missing_ok=True)


class FailureTable:
    """The clips that could not be converted, as a CSV file that one process writes.

    Args:
        path: The file; made with the first failure.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> set[str]:
        """Return the names of the clips in the table, of which a torn last row is removed."""
        if not self._path.exists():
            return set()
        text = self._path.read_text("utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            with _Replacing(self._path) as partial:
                partial.write_text(whole, "utf-8")
        return {row["name"] for row in csv.DictReader(whole.splitlines())}

    def add(self, failures: Iterable[Failure]) -> None:
        """Append failures."""
        rows = [(each.name, each.code, " ".join(each.message.split())) for each in failures]
        if not rows:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        with self._path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *rows] if is_new else rows)

    def clear(self) -> None:
        """Forget all failures, so that their clips are tried again."""
        self._path.unlink(missing_ok=True)


def results_at(path: Path) -> Results:
    """Return the place for results at a path: Parquet where its name ends so, else files."""
    return Parquet(path) if path.suffix == PARQUET_SUFFIX else Files(path)


def failures_of(path: Path) -> FailureTable:
    """Return the table of failures of the results at a path."""
    beside = path.with_suffix(f".{FAILURES}") if path.suffix == PARQUET_SUFFIX else path / FAILURES
    return FailureTable(beside)
