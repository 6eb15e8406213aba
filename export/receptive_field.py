"""How many frames the last bit of an output frame depends on, and how few a network takes."""

import torch
from torch import nn

from export.errors import ExportError
from export.graphs import example_inputs, run_module
from runtime.interface import KNOWN_PHASE, GraphInterface
from runtime.receptive_field import Sides

SHORTEST_PROBE_FRAMES, LONGEST_PROBE_FRAMES = 65, 4160
LONGEST_MINIMUM_FRAMES = 64


def exact_receptive_field(module: nn.Module, interface: GraphInterface, hop_samples: int) -> Sides:
    """Measure how many frames an output frame depends on, to the last bit.

    One frame of NaN in the input marks every sample that depends on it, whatever the weights: no
    product, sum or gate removes it. Phases are known throughout: a window is told those of its
    context, and those of its other frames follow from what these frames depend on.

    Args:
        module: Network of frames in and frames or audio out.
        interface: Its inputs and outputs.
        hop_samples: Samples of audio a frame; 1 for a network that gives frames.

    Returns:
        Frames before the output frame, and frames after it.

    Raises:
        ExportError: The receptive field has no end; the network is not local in time.
    """
    frames = SHORTEST_PROBE_FRAMES
    while frames <= LONGEST_PROBE_FRAMES:
        inputs = example_inputs(interface, 1, frames)
        marked = frames // 2
        for name, shape in interface.inputs.items():
            if name == KNOWN_PHASE:
                inputs[name].zero_()
            elif shape[-1] is None:
                inputs[name][:, :, marked] = torch.nan
        output = run_module(module, interface, inputs)[interface.output]
        touched = output.isnan()[0].any(0).reshape(frames, hop_samples).any(1).nonzero()
        first, last = int(touched.min()), int(touched.max())
        if first > 0 and last < frames - 1:
            # The clip's ends cut nothing off, so that each side was seen in full.
            return max(0, last - marked), max(0, marked - first)
        frames *= 2
    raise ExportError(
        f"the network is not local in time: an output frame depends on frames more than "
        f"{LONGEST_PROBE_FRAMES // 2} away, so that it cannot be run in windows"
    )


def minimum_frames(module: nn.Module, interface: GraphInterface) -> int:
    """Find the fewest frames that a network takes.

    Args:
        module: Module of the interface.
        interface: Inputs and output of its graph.

    Returns:
        Frames, from 1 up.

    Raises:
        ExportError: The network takes none of the lengths tried.
    """
    fault: RuntimeError | None = None
    for frames in range(1, LONGEST_MINIMUM_FRAMES + 1):
        try:
            outputs = run_module(module, interface, example_inputs(interface, 1, frames))
        except RuntimeError as error:
            fault = error
            continue
        if torch.isfinite(outputs[interface.output]).all():
            return frames
    raise ExportError(
        f"{interface.file_name}: the network takes no clip of up to {LONGEST_MINIMUM_FRAMES} frames"
    ) from fault
