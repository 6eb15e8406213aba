"""Options of a benchmark."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from runtime.providers import Provider
from runtime.sessions import available_cpus

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Options:
    """What to measure, and how thoroughly.

    Attributes:
        models: Folders of bundles; a benchmark of one model takes the first.
        provider: Execution provider.
        threads: CPU threads of one run; None takes every CPU.
        quick: Whether to run for seconds only, to see that everything works.
        official: Whether the official size is measured too.
        checkpoint: Checkpoint of the official size; None draws weights.
        speech: Folder of speech to judge precisions on; None takes the shipped clips.
        work: Folder of drawn checkpoints and exports of the official size.
        output: Folder of the results.
    """

    models: tuple[Path, ...]
    provider: Provider = "cpu"
    threads: int | None = None
    quick: bool = False
    official: bool = False
    checkpoint: str | None = None
    speech: Path | None = None
    work: Path = ROOT / "onnx_models"
    output: Path = RESULTS

    @property
    def model(self) -> Path:
        """The first model, for benchmarks of one."""
        return self.models[0]

    @property
    def serving(self) -> dict[str, object]:
        """Settings of a server for these options, for `benchmarks.server.Server`."""
        threads = {} if self.threads is None else {"threads": self.threads}
        return {"model": self.model.resolve(), "provider": self.provider, **threads}

    @property
    def thread_count(self) -> int:
        """CPU threads of one run."""
        return self.threads or available_cpus()


def has_torch() -> bool:
    """Whether PyTorch and ONNX, which exports need, are installed."""
    return all(importlib.util.find_spec(name) for name in ("torch", "onnx"))
