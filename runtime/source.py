"""Where an audio file's bytes come from: memory, or a file on disk."""

from typing import BinaryIO


class MemorySource:
    """Bytes in memory as a binary file, without copying them first."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data).cast("B")
        self._position = 0

    @property
    def handle(self) -> "MemorySource":
        """What libsndfile is given: this, called back for each stretch that it reads."""
        return self

    def peek(self, offset: int, count: int) -> bytes:
        """Read some bytes before libsndfile does."""
        return bytes(self._data[offset : offset + count])

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move, from the start (0), from here (1) or from the end (2)."""
        base = (0, self._position, len(self._data))[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Say where the next read begins."""
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer as far as there are bytes, and count them."""
        chunk = self._data[self._position : self._position + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)


class FileSource:
    """An open file on disk; it stays the caller's to close."""

    def __init__(self, file: BinaryIO) -> None:
        """Take a file opened for reading without a buffer."""
        self._file = file

    @property
    def handle(self) -> int:
        """What libsndfile is given: the descriptor, which says nothing about a name."""
        return self._file.fileno()

    def peek(self, offset: int, count: int) -> bytes:
        """Read some bytes before libsndfile does."""
        self._file.seek(offset)
        data = self._file.read(count)
        self._file.seek(0)
        return data
