"""Facts of the official checkpoint's files: its config.json, and the shapes of its tensors."""

import json
from pathlib import Path
from typing import Any

PARITY = Path(__file__).resolve().parent / "parity"
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
    listed = json.loads((PARITY / "state_dict.json").read_text("utf-8"))
    return {name: tuple(shape) for name, shape in listed.items()}
