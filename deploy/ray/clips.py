"""The clips of a data set: a folder of audio files, or Parquet with their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.ray.results import PARQUET_SUFFIX

if TYPE_CHECKING:
    from ray.data import Dataset

SUFFIXES = frozenset(
    {".aac", ".flac", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".wav", ".webm"},
)
"""Endings of the files in a folder that are taken for clips."""

NAME, AUDIO, PATH = "name", "audio", "path"
"""Columns: a clip has its bytes, or the path of its file."""

_BLOCKS_AN_ACTOR, _CLIPS_A_BLOCK = 4, 256
"""Blocks that Ray hands out: enough to keep all actors busy, and none so large that one waits."""


@dataclass(frozen=True)
class Clips:
    """The clips at a path.

    Args:
        path: A folder of audio files, at any depth, or a Parquet file or a folder of them.
        name_column: Parquet's column of unique names.
        audio_column: Parquet's column of the bytes of audio files.
    """

    path: Path
    name_column: str = NAME
    audio_column: str = AUDIO

    @property
    def is_parquet(self) -> bool:
        """Whether the clips are in Parquet."""
        if self.path.is_file():
            return self.path.suffix == PARQUET_SUFFIX
        return any(self.path.glob(f"*{PARQUET_SUFFIX}"))

    def names(self) -> list[str]:
        """Return the names of all clips: paths below the folder, or the column of names."""
        if self.is_parquet:
            from pyarrow import parquet

            names: list[str] = parquet.read_table(self.path, columns=[self.name_column])[
                self.name_column
            ].to_pylist()
            return names
        found = (path for path in self.path.rglob("*") if path.suffix.lower() in SUFFIXES)
        return sorted(path.relative_to(self.path).as_posix() for path in found if path.is_file())

    def dataset(self, names: Sequence[str], actors: int) -> Dataset:
        """Return some of the clips for Ray, with the columns name, and audio or path.

        Args:
            names: Names of the clips.
            actors: Processes that the clips are for.
        """
        import ray.data

        if not self.is_parquet:
            rows = [{NAME: name, PATH: str(self.path.resolve() / name)} for name in names]
            blocks = max(_BLOCKS_AN_ACTOR * actors, len(rows) // _CLIPS_A_BLOCK)
            return ray.data.from_items(rows, override_num_blocks=min(len(rows), blocks))
        wanted = frozenset(names)
        name, audio = self.name_column, self.audio_column
        columns = ray.data.read_parquet(str(self.path.resolve()), columns=[name, audio])
        chosen = columns.filter(lambda row: row[name] in wanted)
        renamed = {old: new for old, new in ((name, NAME), (audio, AUDIO)) if old != new}
        return chosen.rename_columns(renamed) if renamed else chosen
