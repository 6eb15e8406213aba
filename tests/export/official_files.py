"""Checkpoints and configs laid out as the official ones, and the parity cases."""

import json
from pathlib import Path

import numpy as np
import torch

from export.stand_in_weights import draw_weights
from tests.official import PARITY

EXPORT_AGAIN = "the networks or the exporter changed: run `python -m export.skeletons`"


def draw_state(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """Draw a checkpoint's tensors."""
    return {name: torch.from_numpy(weight) for name, weight in draw_weights(shapes).items()}


def write_checkpoint(folder: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """Write a file laid out as the official one is."""
    path = folder / "checkpoint.pth"
    torch.save({"model": tensors, "iteration": 0, "optimizer": None, "learning_rate": 1e-4}, path)
    return path


def write_config(folder: Path, content: object) -> Path:
    """Write a config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(content))
    return path


def read_case(name: str) -> dict[str, torch.Tensor]:
    """Read one parity case."""
    with np.load(PARITY / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files}
