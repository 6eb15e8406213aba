"""Phases of a clip's pulses, which its windows take over from one another."""

import numpy as np
from numpy.typing import NDArray

from runtime.interface import UNKNOWN
from runtime.windows import Window


class CarriedPhase:
    """What the windows of one clip, converted in order, know of their frames' phases.

    Digital silence starts the phase anew, whether its window is converted or not.
    """

    def __init__(self) -> None:
        self._start = 0
        self._phase: NDArray[np.float32] = np.zeros(0, np.float32)

    def known(self, window: Window, silent: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Give the phases that a window starts from.

        Args:
            window: The window.
            silent: Which of the frames that it keeps are silent, [frames].

        Returns:
            In cycles from 0 to 1, or `UNKNOWN`, [outer_frames].
        """
        known = np.full(window.outer_frames, UNKNOWN, np.float32)
        first, last = window.start - window.outer_start, window.stop - window.outer_start
        # earlier frames that were never converted were silent
        known[:first] = 0
        known[first:last][silent] = 0
        start = max(window.outer_start, self._start)
        stop = min(window.start, self._start + len(self._phase))
        if start < stop:
            place = start - window.outer_start
            known[place : place + stop - start] = self._phase[
                start - self._start : stop - self._start
            ]
        return known

    def keep(self, window: Window, phase: NDArray[np.float32]) -> None:
        """Take over the phases of a window's frames, [outer_frames]."""
        self._start = window.outer_start
        self._phase = phase[: window.stop - window.outer_start].copy()
