"""An official checkpoint's tensors, read one at a time without PyTorch."""

import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from runtime.install.archive import Archive
from runtime.install.errors import InvalidCheckpoint
from runtime.install.unpickling import Storage, TensorView, UnreadablePickle, read_pickle

STATE_KEY = "model"
DTYPE = np.dtype("<f4")
FAULTS_SHOWN = 3

Shape = tuple[int, ...]


class Checkpoint:
    """The state dict of a checkpoint file, open for reading; a context manager.

    Nothing is read but what `tensor` is asked for, so memory holds one tensor at a time.

    Args:
        path: The file.
        shapes: Shape by name of every tensor that it should hold, and no other.

    Raises:
        InvalidCheckpoint: it is damaged, holds anything but tensors and plain containers, or its
            tensors are not the expected ones.
    """

    def __init__(self, path: Path, shapes: Mapping[str, Shape]) -> None:
        self.path = path
        self._archive = Archive(path)
        try:
            self._views = self._checked_views(shapes)
        except BaseException:
            self._archive.__exit__(None, None, None)
            raise

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._archive.__exit__(kind, error, trace)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Read a tensor.

        Args:
            name: One of the expected names.

        Returns:
            Its numbers, as shaped as they were expected to be.

        Raises:
            InvalidCheckpoint: its storage is damaged, or a number is not finite.
        """
        view = self._views[name]
        numbers = np.frombuffer(self._archive.storage(view.storage.key), DTYPE)
        dense = numbers[view.offset : view.offset + math.prod(view.shape)]
        if not np.isfinite(dense).all():
            raise InvalidCheckpoint(self.path, f"{name} holds numbers that are not finite")
        order = _axes_by_stride(view)
        stored = dense.reshape([view.shape[axis] for axis in order])
        return stored.transpose(np.argsort(order)) if order else stored

    def _checked_views(self, shapes: Mapping[str, Shape]) -> dict[str, TensorView]:
        try:
            content = read_pickle(self._archive.pickle())
        except UnreadablePickle as error:
            raise InvalidCheckpoint(self.path, str(error)) from error
        state = content.get(STATE_KEY) if isinstance(content, dict) else None
        if not isinstance(state, dict):
            raise InvalidCheckpoint(self.path, f"it has no state dict under the key {STATE_KEY!r}")
        faults = []
        for name, shape in shapes.items():
            if name not in state:
                faults.append(f"{name} {list(shape)} is missing")
            elif fault := self._fault(name, state[name], shape):
                faults.append(fault)
        faults += [f"{name!r:.80} is none of them" for name in state if name not in shapes]
        faults = faults or self._overlaps(state)
        if faults:
            more = len(faults) - FAULTS_SHOWN
            shown = [*faults[:FAULTS_SHOWN], *([f"and {more} more"] if more > 0 else [])]
            raise InvalidCheckpoint(
                self.path, f"its tensors are not the converter's: {'; '.join(shown)}"
            )
        return state

    def _fault(self, name: str, view: object, shape: Shape) -> str | None:
        """Say what keeps a tensor from being read, or None."""
        if not isinstance(view, TensorView):
            return f"{name} is a {type(view).__name__}, not a tensor"
        if view.shape != shape:
            return f"{name} is {list(view.shape)}, not {list(shape)}"
        storage = view.storage
        if storage.dtype != "float32":
            return f"{name} is {storage.dtype}, not float32"
        held = self._archive.storage_bytes(storage.key)
        if held != storage.numbers * DTYPE.itemsize:
            return (
                f"{name} declares a storage of {storage.numbers * DTYPE.itemsize} bytes, "
                f"the file holds {held or 0}"
            )
        if view.offset + math.prod(shape) > storage.numbers:
            return f"{name} reaches beyond its storage"
        if not _is_dense(view):
            return f"{name} has strides {list(view.strides)}, which skip or repeat numbers"
        return None

    def _overlaps(self, state: Mapping[str, TensorView]) -> list[str]:
        """Name tensors that share numbers of a storage with another."""
        ranges: dict[Storage, list[tuple[int, int, str]]] = {}
        for name, view in state.items():
            stop = view.offset + math.prod(view.shape)
            ranges.setdefault(view.storage, []).append((view.offset, stop, name))
        return [
            f"{second[2]} overlaps {first[2]}"
            for held in ranges.values()
            for first, second in zip(sorted(held), sorted(held)[1:], strict=False)
            if second[0] < first[1]
        ]


def _axes_by_stride(view: TensorView) -> list[int]:
    """Order axes from the slowest to the fastest; those of length 1 keep out of the way."""
    return sorted(
        range(len(view.shape)),
        key=lambda axis: (view.shape[axis] != 1, -view.strides[axis], axis),
    )


def _is_dense(view: TensorView) -> bool:
    """Tell whether a tensor's numbers fill a stretch of its storage, each once, in any order."""
    step = 1
    for axis in reversed(_axes_by_stride(view)):
        if view.shape[axis] == 1:
            continue
        if view.strides[axis] != step:
            return False
        step *= view.shape[axis]
    return True
