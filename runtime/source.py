"""Sources of an audio file's bytes: memory, or a file on disk.

libsndfile reads them by callbacks, and so learns no file name from which it would guess a format.
"""

import os
from mmap import mmap
from typing import BinaryIO, Protocol


class Source(Protocol):
    """The methods of a binary file that libsndfile calls, and `peek`."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position: from the start (0), from here (1) or from the end (2)."""
        ...

    def tell(self) -> int:
        """Return the position of the next read."""
        ...

    def readinto(self, buffer: memoryview, /) -> int:
        """Read into a buffer and return the number of bytes read."""
        ...

    def peek(self, offset: int, count: int) -> bytes:
        """Read bytes at an offset without moving the position."""
        ...


class MemorySource:
    """Bytes in memory, which are not copied.

    Args:
        data: Bytes of the file.

    Attributes:
        data: Bytes of the file.
    """

    def __init__(self, data: bytes | bytearray | memoryview | mmap) -> None:
        self.data = memoryview(data).cast("B")
        self._position = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position: from the start (0), from here (1) or from the end (2)."""
        base = (0, self._position, len(self.data))[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:
        """Read into a buffer and return the number of bytes read."""
        chunk = self.data[self._position : self._position + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def peek(self, offset: int, count: int) -> bytes:
        """Read bytes at an offset without moving the position."""
        return bytes(self.data[offset : offset + count])


class FileSource:
    """An open file on disk, which the caller closes.

    Args:
        file: File opened for reading, unbuffered.

    Attributes:
        file: The file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position: from the start (0), from here (1) or from the end (2)."""
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position of the next read."""
        return self.file.tell()

    def readinto(self, buffer: memoryview, /) -> int:
        """Read into a buffer and return the number of bytes read."""
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def peek(self, offset: int, count: int) -> bytes:
        """Read bytes at an offset without moving the position."""
        position = self.file.tell()
        self.file.seek(offset)
        data = self.file.read(count)
        self.file.seek(position)
        return data


class StretchedSource:
    """A file that reports many times its true length.

    libsndfile stops reading an MP3 at the length that it guesses from the file's size and first
    bit rate. With the reported length that guess is never too short, and reading ends where the
    bytes do.

    Args:
        source: File to report a longer length for.
    """

    # the highest bit rate of MPEG audio layer III against the lowest: 320 to 8 kbit/s
    _FACTOR = 40
    # libsndfile looks for an ID3v1 tag at the end, and fails if it cannot read there
    _TRAILER_BYTES = 128

    def __init__(self, source: Source) -> None:
        self._source = source
        self._end = source.seek(0, os.SEEK_END) * self._FACTOR + self._TRAILER_BYTES
        source.seek(0)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position: from the start (0), from here (1) or from the reported end (2)."""
        if whence == os.SEEK_END:
            return self._source.seek(self._end + offset)
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._source.tell()

    def readinto(self, buffer: memoryview, /) -> int:
        """Read into a buffer and return the number of bytes read."""
        position = self._source.tell()
        if position < self._end - self._TRAILER_BYTES:
            return self._source.readinto(buffer)
        count = max(0, min(len(buffer), self._end - position))
        buffer[:count] = bytes(count)
        self._source.seek(count, os.SEEK_CUR)
        return count

    def peek(self, offset: int, count: int) -> bytes:
        """Read bytes at an offset without moving the position."""
        return self._source.peek(offset, count)
