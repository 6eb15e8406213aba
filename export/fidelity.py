"""How near a graph of lower precision stays to the float32 graph, on speech."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from export.calibration_speech import Speech
from export.checks import Announce
from export.errors import ParityError
from runtime.interface import GraphInterface
from runtime.manifest import Precision
from runtime.sessions import Graph, SessionSettings, open_graph

# Signal-to-noise ratio that a converter must keep on speech that calibration never saw.
LEAST_RATIO_DB: dict[Precision, float] = {"fp16": 40.0, "int8": 25.0}


def open_on_cpu(data: bytes, interface: GraphInterface) -> Graph:
    """Open a graph as the runtime does, on every CPU that this process may use.

    Args:
        data: Bytes of the ONNX file.
        interface: Inputs and output that the graph should have.

    Returns:
        The graph, its interface checked.
    """
    return open_graph(data, interface, SessionSettings("cpu"))


def signal_to_noise_db(
    found: Iterable[NDArray[np.float32]], wanted: Iterable[NDArray[np.float32]]
) -> float:
    """Compare outputs with references, all clips together.

    Args:
        found: Outputs.
        wanted: References of the same shapes.

    Returns:
        Ratio of the references' energy to the differences', in decibels; NaN where a value is.
    """
    signal = noise = 0.0
    for output, reference in zip(found, wanted, strict=True):
        signal += float(np.square(reference, dtype=np.float64).sum())
        noise += float(np.square(output - reference, dtype=np.float64).sum())
    return float("inf") if noise == 0 else 10 * float(np.log10(signal / noise))


def require_fidelity(
    reduced: Graph,
    full: Graph,
    precision: Precision,
    speech: Speech,
    announce: Announce,
) -> float:
    """Compare a converter of lower precision with the float32 one on unseen speech.

    Args:
        reduced: The converter of lower precision.
        full: The float32 converter.
        precision: Precision of the first.
        speech: Inputs of the converter; only the unseen ones are used.
        announce: Receives a line with the result.

    Returns:
        Signal-to-noise ratio in decibels.

    Raises:
        ParityError: The ratio is below the least that this precision must keep.
    """
    found, wanted = ([graph.run(**clip) for clip in speech.unseen] for graph in (reduced, full))
    ratio = signal_to_noise_db(found, wanted)
    least = LEAST_RATIO_DB[precision]
    announce(f"{precision} against float32 on unseen speech: {ratio:.1f} dB, {least:g} needed")
    if not ratio >= least:
        raise ParityError(
            f"{precision} keeps {ratio:.1f} dB on unseen speech, {least:g} are needed"
        )
    return ratio
