"""Seeded inputs of a graph, to trace it and to check it with."""

import numpy as np
from numpy.typing import NDArray

from runtime.interface import KNOWN_PHASE, UNKNOWN, GraphInterface


def example_arrays(
    interface: GraphInterface, batch: int, frames: int, seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """Draw inputs of a graph; magnitudes are log-normal, roughly as those of speech are.

    The phase is known for the first quarter of the frames, as a window's context is.

    Args:
        interface: Inputs of the graph.
        batch: Length of the batch axis.
        frames: Length of the frames axis.
        seed: Seed of the draw.

    Returns:
        Arrays by name, in the interface's order.
    """
    generator = np.random.default_rng(seed)
    inputs = {}
    for name, zeros in interface.zeros(batch, frames).items():
        draw = generator.standard_normal(zeros.shape, dtype=np.float32)
        scaled = 0.1 * np.exp(draw) if name == "spectrogram" else 0.3 * draw
        if name == KNOWN_PHASE:
            scaled = np.where(np.arange(frames) < frames // 4, np.abs(scaled) % 1, UNKNOWN)
        inputs[name] = scaled.astype(np.float32)
    return inputs
