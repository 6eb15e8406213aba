"""How a clip is cut into windows whose joined output equals the whole clip's."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Frames that one run yields, and the frames that it is given for them.

    Attributes:
        start: first frame that is kept.
        stop: the one after the last.
        outer_start: first frame of the input.
        outer_stop: the one after the last.
    """

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def frames(self) -> int:
        """Frames kept."""
        return self.stop - self.start

    @property
    def outer_frames(self) -> int:
        """Frames put in."""
        return self.outer_stop - self.outer_start


def plan_windows(
    frames: int, window_frames: int, context_frames: int, first_window_frames: int | None = None
) -> list[Window]:
    """Cut a clip into windows of any length, each with its context.

    Where the clip begins or ends, the context does too: nothing is made up there.

    Args:
        frames: of the clip.
        window_frames: frames kept of each window. The last may be a quarter longer, or
            shorter, since a window of a few frames would be mostly context.
        context_frames: frames needed on each side.
        first_window_frames: of the first window, where it should come sooner.
    """
    windows: list[Window] = []
    start = 0
    size = first_window_frames or window_frames
    while start < frames:
        stop = start + size
        if frames - stop < window_frames // 4:
            stop = frames
        outer_start = max(0, start - context_frames)
        windows.append(Window(start, stop, outer_start, min(frames, stop + context_frames)))
        start = stop
        size = window_frames
    return windows


def plan_bucketed_windows(
    frames: int, buckets: Sequence[int], context_frames: int, first_bucket: int | None = None
) -> list[Window]:
    """Cut a clip into windows whose inputs have few different lengths.

    A provider that prepares itself for each input shape then meets the same shapes again and
    again. No frame is made up: the last window reaches back over more real context instead.

    Args:
        frames: of the clip.
        buckets: input lengths in rising order, each above twice the context.
        context_frames: frames needed on each side.
        first_bucket: input length of the first window, where it should come sooner.

    Returns:
        Windows of the largest bucket that fits the clip; a clip shorter than every bucket
        is one window of its own length.
    """
    fitting = [bucket for bucket in buckets if bucket <= frames]
    if not fitting:
        return [Window(0, frames, 0, frames)]
    size = fitting[-1]
    windows: list[Window] = []
    start = 0
    if first_bucket is not None and first_bucket < size:
        start = first_bucket - context_frames
        windows.append(Window(0, start, 0, first_bucket))
    while start < frames:
        outer_start = min(max(0, start - context_frames), frames - size)
        outer_stop = outer_start + size
        stop = frames if outer_stop == frames else outer_stop - context_frames
        windows.append(Window(start, stop, outer_start, outer_stop))
        start = stop
    return windows


def bucket_lengths(window_frames: int, context_frames: int) -> tuple[int, ...]:
    """Choose the input lengths that a clip of any length is made up of.

    Args:
        window_frames: advised frames kept of a window.
        context_frames: frames needed on each side.

    Returns:
        Lengths in rising order, each about half as long again as the one before, so that a
        clip between two of them is two overlapping windows.
    """
    longest = window_frames + 2 * context_frames
    shortest = 4 * context_frames + 1
    lengths = [longest]
    while lengths[0] * 2 // 3 >= max(shortest, 32):
        lengths.insert(0, lengths[0] * 2 // 3)
    return tuple(lengths)


def group_windows(windows: Sequence[Window], batch: int) -> list[tuple[Window, ...]]:
    """Put neighbouring windows of one input length into batches.

    Args:
        windows: in order.
        batch: windows of a full batch; what does not fill one runs one by one, so that
            there are two batch sizes and no more. The first window is always alone.
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
