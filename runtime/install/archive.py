"""The zip file that a PyTorch checkpoint is: its parts found and read without trusting it.

PyTorch (1.6 and newer) stores a pickle, `data.pkl`, and a file of raw numbers a storage, all
uncompressed, under one folder of any name.
"""

import zipfile
from pathlib import Path
from types import TracebackType

from runtime.install.errors import InvalidCheckpoint

MOST_PARTS = 20_000
MOST_PICKLE_BYTES = 4 << 20
LOCAL_HEADER_BYTES = 30

_PICKLE = "data.pkl"
_DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError)


class Archive:
    """A checkpoint's parts, opened for reading; a context manager.

    Args:
        path: The file.

    Raises:
        InvalidCheckpoint: it is not laid out as PyTorch lays a checkpoint out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self._zip = self._opened()
            self._parts = self._checked_parts()
            self._folder = self._found_folder()
            if self._is_big_endian():
                raise InvalidCheckpoint(path, "its numbers are stored big-endian")
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def pickle(self) -> bytes:
        """Read the pickle that says which tensors there are."""
        if self._parts[self._folder + _PICKLE].file_size > MOST_PICKLE_BYTES:
            raise InvalidCheckpoint(
                self.path, f"{_PICKLE} is larger than {MOST_PICKLE_BYTES >> 20} MiB"
            )
        return self._read(self._folder + _PICKLE)

    def storage_bytes(self, key: str) -> int | None:
        """Give the size of a storage, or None where there is none of that key."""
        part = self._parts.get(f"{self._folder}data/{key}")
        return None if part is None else part.file_size

    def storage(self, key: str) -> bytes:
        """Read a storage whole, its checksum verified."""
        return self._read(f"{self._folder}data/{key}")

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._file)
        except _DAMAGE as error:
            raise InvalidCheckpoint(
                self.path, f"is not a whole checkpoint of PyTorch 1.6 or newer ({error})"
            ) from error

    def _checked_parts(self) -> dict[str, zipfile.ZipInfo]:
        """Refuse what could unpack to more than the file holds: compression, shared bytes."""
        parts = sorted(self._zip.infolist(), key=lambda part: part.header_offset)
        if len(parts) > MOST_PARTS:
            raise InvalidCheckpoint(self.path, f"it has more than {MOST_PARTS} parts")
        end = 0
        for part in parts:
            if part.compress_type != zipfile.ZIP_STORED or part.flag_bits & 1:
                raise InvalidCheckpoint(
                    self.path, f"{part.filename} is compressed or encrypted, as PyTorch never does"
                )
            if part.file_size != part.compress_size:
                raise InvalidCheckpoint(self.path, f"{part.filename} declares two sizes")
            if part.header_offset < end:
                raise InvalidCheckpoint(self.path, f"{part.filename} overlaps another part")
            end = part.header_offset + LOCAL_HEADER_BYTES + part.file_size
        if end > self._zip.start_dir:
            raise InvalidCheckpoint(self.path, f"{parts[-1].filename} reaches beyond the file")
        named = {part.filename: part for part in parts}
        if len(named) != len(parts):
            raise InvalidCheckpoint(self.path, "two of its parts have one name")
        return named

    def _found_folder(self) -> str:
        found = [
            name.removesuffix(_PICKLE)
            for name in self._parts
            if name.endswith(f"/{_PICKLE}") and name.count("/") == 1
        ]
        if len(found) != 1:
            raise InvalidCheckpoint(
                self.path, f"it holds {len(found) or 'no'} {_PICKLE}, a checkpoint has one"
            )
        return found[0]

    def _is_big_endian(self) -> bool:
        name = f"{self._folder}byteorder"
        return name in self._parts and self._read(name) == b"big"

    def _read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except _DAMAGE as error:
            raise InvalidCheckpoint(self.path, f"{name} is damaged: {error}") from error
