"""What a network needs: how far one output frame sees, and how few frames it takes."""

import torch
from torch import nn

from export.errors import ExportError
from export.graphs import example_inputs
from runtime.interface import GraphInterface

SHORTEST_PROBE_FRAMES, LONGEST_PROBE_FRAMES = 65, 4160
LONGEST_MINIMUM_FRAMES = 64


def context_frames(converter: nn.Module, interface: GraphInterface, hop_samples: int) -> int:
    """Measures how many frames to each side an output frame depends on.

    One frame of NaN in the input marks every sample that it can reach, whatever the weights: no
    product, sum or gate gets rid of it.

    Args:
        converter: a module of the tone converter's interface.
        interface: that interface.
        hop_samples: samples that a frame becomes.

    Returns:
        The reach in frames.

    Raises:
        ExportError: the reach has no end; the network is not local in time.
    """
    frames = SHORTEST_PROBE_FRAMES
    while frames <= LONGEST_PROBE_FRAMES:
        inputs = example_inputs(interface, 1, frames)
        marked = frames // 2
        for name in ("spectrogram", "noise"):
            inputs[name][:, :, marked] = torch.nan
        with torch.inference_mode():
            audio = converter(*inputs.values())
        touched = audio.isnan()[0, 0].unflatten(0, (frames, hop_samples)).any(1).nonzero()
        first, last = int(touched.min()), int(touched.max())
        if first > 0 and last < frames - 1:
            return max(marked - first, last - marked)
        frames *= 2
    raise ExportError(
        f"the converter is not local in time: a frame reaches {LONGEST_PROBE_FRAMES // 2} others "
        "to a side, so that it cannot be run in windows"
    )


def minimum_frames(module: nn.Module, interface: GraphInterface) -> int:
    """Finds the fewest frames that a network takes.

    Args:
        module: a module of the interface.
        interface: of its graph.

    Returns:
        Frames, from 1 up.

    Raises:
        ExportError: it takes none of the first lengths.
    """
    fault: RuntimeError | None = None
    for frames in range(1, LONGEST_MINIMUM_FRAMES + 1):
        try:
            with torch.inference_mode():
                output = module(*example_inputs(interface, 1, frames).values())
        except RuntimeError as error:
            fault = error
            continue
        if torch.isfinite(output).all():
            return frames
    raise ExportError(
        f"{interface.file_name}: the network takes no clip of up to {LONGEST_MINIMUM_FRAMES} frames"
    ) from fault
