"""The bytes of a file: in memory, or mapped into it."""

from mmap import mmap
from typing import TypeAlias

Data: TypeAlias = bytes | bytearray | memoryview | mmap
