"""Settings of glibc's malloc that give memory back to the system once a long request has ended."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 16 << 20
"""More than a window needs, whose memory is reused again and again; less than long audio needs."""


def return_large_blocks() -> None:
    """Have glibc map blocks above 16 MiB separately, and use one arena for all threads.

    By default glibc raises its threshold with the first large block that is freed, keeps later ones
    in its heaps, and gives every thread a heap of its own (mallopt(3), M_MMAP_THRESHOLD and
    M_ARENA_MAX). Does nothing where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, 1)
