"""Cutting a clip into windows whose joined output equals that of the whole clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Context(NamedTuple):
    """Frames that an output frame depends on.

    Attributes:
        before: Frames before it.
        after: Frames after it.
    """

    before: int
    after: int


@dataclass(frozen=True)
class Window:
    """Frames that one window contributes to the result, and the input that it needs for them.

    Attributes:
        start: First frame that is kept.
        stop: Frame after the last that is kept.
        outer_start: First frame of the input, its context included.
        outer_stop: Frame after the last of the input.
    """

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def frames(self) -> int:
        """Number of frames that are kept."""
        return self.stop - self.start

    @property
    def outer_frames(self) -> int:
        """Number of frames of the input."""
        return self.outer_stop - self.outer_start


def plan_windows(frames: int, window_frames: int, context: Context) -> list[Window]:
    """Cut a clip into windows of any input length, each with its context.

    The context ends where the clip does: no frames are invented before its start or after its end.

    Args:
        frames: Length of the clip.
        window_frames: Frames kept of each window. The last window may be a quarter longer, or
            shorter, because a window of a few frames would be mostly context.
        context: Frames of context needed.
    """
    windows: list[Window] = []
    start = 0
    while start < frames:
        stop = start + window_frames
        if frames - stop < window_frames // 4:
            stop = frames
        outer_start = max(0, start - context.before)
        windows.append(Window(start, stop, outer_start, min(frames, stop + context.after)))
        start = stop
    return windows


def plan_bucketed_windows(frames: int, buckets: Sequence[int], context: Context) -> list[Window]:
    """Cut a clip into windows whose inputs have few different lengths.

    A provider that prepares itself for each input shape then meets the same shapes again and
    again. No frame is invented: the last window takes more real context before it instead.

    Args:
        frames: Length of the clip.
        buckets: Input lengths in rising order, each above the context of both sides.
        context: Frames of context needed.

    Returns:
        Windows of the largest bucket that fits the clip. A clip that is shorter than every bucket
        is one window of its own length.
    """
    fitting = [bucket for bucket in buckets if bucket <= frames]
    if not fitting:
        return [Window(0, frames, 0, frames)]
    size = fitting[-1]
    windows: list[Window] = []
    start = 0
    while start < frames:
        outer_start = min(max(0, start - context.before), frames - size)
        outer_stop = outer_start + size
        stop = frames if outer_stop == frames else outer_stop - context.after
        windows.append(Window(start, stop, outer_start, outer_stop))
        start = stop
    return windows


def bucket_lengths(window_frames: int, context: Context) -> tuple[int, ...]:
    """Choose the few input lengths that clips of every length are cut into.

    Args:
        window_frames: Advised number of frames kept of a window.
        context: Frames of context needed.

    Returns:
        Lengths in rising order, each about half as long again as the one before, so that a
        clip between two of them is two overlapping windows.
    """
    longest = window_frames + sum(context)
    shortest = 2 * sum(context) + 1
    lengths = [longest]
    while lengths[0] * 2 // 3 >= max(shortest, 32):
        lengths.insert(0, lengths[0] * 2 // 3)
    return tuple(lengths)


def group_windows(windows: Sequence[Window], batch: int) -> list[tuple[Window, ...]]:
    """Group neighbouring windows of one input length into batches.

    Args:
        windows: Windows in order.
        batch: Number of windows in a full batch. Windows that do not fill one run one by one, so
            that there are two batch sizes and no more. The first window always runs alone, so
            that the first piece of a result comes soon.
    """
    groups: list[tuple[Window, ...]] = []
    position = 0
    while position < len(windows):
        candidate = tuple(windows[position : position + batch])
        full = len(candidate) == batch and len({window.outer_frames for window in candidate}) == 1
        if position == 0 or not full:
            candidate = candidate[:1]
        groups.append(candidate)
        position += len(candidate)
    return groups
