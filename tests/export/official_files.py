"""Checkpoints and configs laid out as the official ones, and the parity cases."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.stand_in_weights import draw_weights

PARITY = Path(__file__).resolve().parents[1] / "parity"
V2_CONFIG: dict[str, Any] = {
    "_version_": "v2",
    "data": {
        "sampling_rate": 22050,
        "filter_length": 1024,
        "hop_length": 256,
        "win_length": 1024,
        "n_speakers": 0,
    },
    "model": {
        "zero_g": True,
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2],
        "upsample_initial_channel": 512,
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "gin_channels": 256,
    },
}


def official_shapes() -> dict[str, tuple[int, ...]]:
    """List the official checkpoint's tensors."""
    listed = json.loads((PARITY / "state_dict.json").read_text())
    return {name: tuple(shape) for name, shape in listed.items()}


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
