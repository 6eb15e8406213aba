"""Which windows a model's clips are cut into, where it runs."""

from runtime.manifest import Manifest
from runtime.windows import (
    Window,
    bucket_lengths,
    group_windows,
    plan_bucketed_windows,
    plan_windows,
)

BATCH_ON_CUDA = 4
"""Windows of one length that share a run on a GPU."""

WARM_UP_FRAMES = 64
"""Enough on a CPU, which does not prepare itself for each length."""


class WindowPlanner:
    """Plans windows of any length on a CPU; on a GPU, batches of few different lengths."""

    def __init__(self, manifest: Manifest, *, on_cuda: bool) -> None:
        self._window_frames = manifest.window_frames
        self._context_frames = manifest.context_frames
        self._on_cuda = on_cuda
        self._buckets = bucket_lengths(manifest.window_frames, manifest.context_frames)

    def plan(
        self, frames: int, window_frames: int | None, first_window_frames: int | None
    ) -> list[tuple[Window, ...]]:
        """Cut a clip into windows, those that share a run together.

        Args:
            frames: of the clip.
            window_frames: frames kept of a window; None takes the model's advice.
            first_window_frames: of the first, where it should come sooner.
        """
        size = window_frames or self._window_frames
        context = self._context_frames
        if not self._on_cuda:
            return group_windows(plan_windows(frames, size, context, first_window_frames), 1)
        buckets = [bucket for bucket in self._buckets if bucket <= size + 2 * context]
        first = None
        if first_window_frames is not None:
            enough = (bucket for bucket in buckets if bucket >= first_window_frames + context)
            first = min(enough, default=None)
        return group_windows(plan_bucketed_windows(frames, buckets, context, first), BATCH_ON_CUDA)

    def warm_up_shapes(self) -> list[tuple[int, int]]:
        """List the batch sizes and input lengths of windows to run before the first request."""
        if not self._on_cuda:
            return [(1, WARM_UP_FRAMES)]
        return [(batch, bucket) for batch in (1, BATCH_ON_CUDA) for bucket in self._buckets]
