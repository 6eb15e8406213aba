"""What a benchmark was asked to do."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from runtime.sessions import Provider, available_cpus

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Options:
    """What to measure, and how thoroughly.

    Attributes:
        models: folders; the first alone where a benchmark is of one model.
        provider: where graphs run.
        threads: CPU threads of one run; None takes every CPU.
        quick: see that everything works, in seconds; the figures mean little.
        official: whether the official size is measured beside the models.
        checkpoint: of the official size; None draws weights.
        speech: folder of speech that precisions are judged on; None takes the shipped clips.
        work: where checkpoints and exports of the official size are kept.
        output: where results go.
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
        """The model that a benchmark of one is of."""
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
    """Say whether PyTorch and ONNX are installed, which making graphs needs."""
    return all(importlib.util.find_spec(name) for name in ("torch", "onnx"))
