"""A graph that records its runs, for tests of how often and on what the graphs are run."""

from __future__ import annotations

from typing import Any

from runtime.sessions import Graph


class RecordingGraph:
    """A graph that notes the batch size and the frames of each run.

    Args:
        graph: Graph that runs.
        on_cuda: Whether it claims to run on a GPU, which decides how clips are cut into windows.
    """

    def __init__(self, graph: Graph, *, on_cuda: bool = False) -> None:
        self.interface = graph.interface
        self.providers = graph.providers
        self.on_cuda = on_cuda
        self.shapes: list[tuple[int, int]] = []
        self._graph = graph

    @property
    def frames(self) -> list[int]:
        return [frames for _, frames in self.shapes]

    def run(self, **inputs: Any) -> Any:
        return self.run_all(**inputs)[self.interface.output]

    def run_all(self, **inputs: Any) -> Any:
        batch, _, frames = inputs["spectrogram"].shape
        self.shapes.append((batch, frames))
        return self._graph.run_all(**inputs)
