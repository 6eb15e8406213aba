"""Memory that requests no longer need goes back to the system."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGE_BYTES = 16 << 20
"""Above what a window needs again and again, which is quicker kept; below what long audio needs."""


def return_large_blocks() -> None:
    """Have glibc keep the largest blocks apart, so that they go back when freed, and one heap.

    Left alone it learns from the first large block to keep all later ones in its heaps, where what
    is freed stays with the process, and it gives every thread a heap of its own (mallopt(3),
    M_MMAP_THRESHOLD and M_ARENA_MAX). Elsewhere nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, 1)
