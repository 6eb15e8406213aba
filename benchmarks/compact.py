"""The compact model's networks in PyTorch, with the weights that its graphs hold."""

from __future__ import annotations

from pathlib import Path

import onnx
from torch import nn

from benchmarks.errors import BenchmarkError
from export.errors import CheckpointError
from export.networks.compact import CompactConfig, CompactModel
from export.weights import load_weights
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER

UNUSED = {TONE_ENCODER: ("analysis.voices.tract.direction",), TONE_CONVERTER: ()}
"""Weights of what both networks share that only the other one uses."""


def compact_networks(folder: Path) -> tuple[nn.Module, nn.Module]:
    """Build the tone encoder and the converter of a compact bundle.

    Args:
        folder: Folder of the bundle.

    Returns:
        The networks in evaluation mode.

    Raises:
        BenchmarkError: The graphs were not exported from this checkout's networks.
    """
    model = CompactModel(CompactConfig()).eval().requires_grad_(False)
    networks = (model.tone_encoder, model.converter)
    for network, file_name in zip(networks, (TONE_ENCODER, TONE_CONVERTER), strict=True):
        try:
            load_weights(network, onnx.load(folder / file_name), UNUSED[file_name])
        except CheckpointError as error:
            raise BenchmarkError(f"{folder}: {error}") from error
    return networks
