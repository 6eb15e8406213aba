"""Choice of a clip's windows and batches for a model and the processor that it runs on."""

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
"""Input length of a warm-up on a CPU, which does not prepare itself for each length."""


class WindowPlanner:
    """Plans windows of any length on a CPU, and batches of few different lengths on a GPU.

    A model that carries its phase from window to window runs one at a time.

    Args:
        manifest: Description of the model.
        on_cuda: Whether the converter runs on a GPU.
    """

    def __init__(self, manifest: Manifest, *, on_cuda: bool) -> None:
        self._window_frames = manifest.window_frames
        self._context = manifest.context
        self._on_cuda = on_cuda
        self._batch = BATCH_ON_CUDA if on_cuda and not manifest.carries_phase else 1
        self._buckets = bucket_lengths(manifest.window_frames, manifest.context)

    def plan(self, frames: int, window_frames: int | None = None) -> list[tuple[Window, ...]]:
        """Cut a clip into windows, grouped into batches that share one run.

        Args:
            frames: Length of the clip.
            window_frames: Frames kept of each window; None takes the model's advice.
        """
        size = window_frames or self._window_frames
        context = self._context
        if not self._on_cuda:
            return group_windows(plan_windows(frames, size, context), self._batch)
        buckets = [bucket for bucket in self._buckets if bucket <= size + sum(context)]
        return group_windows(plan_bucketed_windows(frames, buckets, context), self._batch)

    def warm_up_shapes(self) -> list[tuple[int, int]]:
        """List the batch sizes and input lengths to run once before the first request."""
        if not self._on_cuda:
            return [(1, WARM_UP_FRAMES)]
        return [(batch, bucket) for batch in sorted({1, self._batch}) for bucket in self._buckets]
