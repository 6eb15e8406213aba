"""How many frames an output frame depends on, to each side, and how few frames a network takes."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.calibration_speech import Inputs
from export.errors import ExportError
from export.graphs import example_inputs
from runtime.interface import GraphInterface
from runtime.sessions import Graph

SHORTEST_PROBE_FRAMES, LONGEST_PROBE_FRAMES = 65, 4160
LONGEST_MINIMUM_FRAMES = 64
# Name in the manifest, and largest error of a sample as a share of the clip's peak.
TOLERANCES = {"1e-4": 1e-4, "1e-3": 1e-3}
# Places where a clip is cut, as shares of its length: many, since an error may depend on whether
# the cut falls into a voiced sound.
CUTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

Sides = tuple[int, int]


def exact_receptive_field(
    converter: nn.Module, interface: GraphInterface, hop_samples: int
) -> Sides:
    """Measure how many frames an output frame depends on, to the last bit.

    One frame of NaN in the input marks every sample that depends on it, whatever the weights: no
    product, sum or gate removes it.

    Args:
        converter: Module of the tone converter's interface.
        interface: That interface.
        hop_samples: Samples of audio a frame.

    Returns:
        Frames before the output frame, and frames after it.

    Raises:
        ExportError: The receptive field has no end; the network is not local in time.
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
            # The clip's ends cut nothing off, so that each side was seen in full.
            return max(0, last - marked), max(0, marked - first)
        frames *= 2
    raise ExportError(
        f"the converter is not local in time: an output frame depends on frames more than "
        f"{LONGEST_PROBE_FRAMES // 2} away, so that it cannot be run in windows"
    )


def receptive_fields(
    graph: Graph, clips: Sequence[Inputs], exact: Sides, hop_samples: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Measure how many frames an output frame needs to each side, by tolerance.

    Clips are cut in two, each part is converted alone and compared with the whole. That is what a
    window does: the frames beyond its edge are missing. A side's answer for a tolerance is the
    smallest distance from the cut from which on no sample of any clip errs by more.

    Args:
        graph: The tone converter.
        clips: Speech, inputs by name, a dictionary a clip.
        exact: Frames before and after that the last bit depends on.
        hop_samples: Samples of audio a frame.

    Returns:
        Frames before, and frames after, by tolerance: `exact`, then those of `TOLERANCES`.
    """
    errors = [error for clip in clips for error in _edge_errors(graph, clip, exact, hop_samples)]
    sides = []
    for side, limit in enumerate(exact):
        curve = _worst(error[side] for error in errors)
        sides.append(
            {
                "exact": limit,
                **{name: min(limit, _settled(curve, share)) for name, share in TOLERANCES.items()},
            }
        )
    return sides[0], sides[1]


def _edge_errors(
    graph: Graph, clip: Inputs, exact: Sides, hop_samples: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Give the errors of the part after each cut and of the part before it, by distance."""
    frames = clip["spectrogram"].shape[2]
    whole = graph.run(**clip)[0, 0]
    peak = float(np.abs(whole).max())

    def errors(start: int, stop: int) -> NDArray[np.float64]:
        part = {
            name: array[:, :, start:stop] if array.shape[2] > 1 else array
            for name, array in clip.items()
        }
        wanted = whole[start * hop_samples : stop * hop_samples]
        difference = np.abs(graph.run(**part)[0, 0].astype(np.float64) - wanted) / peak
        worst: NDArray[np.float64] = difference.reshape(-1, hop_samples).max(1)
        return worst

    before, after = exact
    for share in CUTS:
        cut = round(share * frames)
        # As long that the part's other end changes nothing within the receptive field of the cut.
        stop, start = min(frames, cut + before + after), max(0, cut - before - after)
        yield errors(cut, stop)[:before], errors(start, cut)[::-1][:after]


def _worst(curves: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the largest error at each distance; shorter curves count as far as they go."""
    found = list(curves)
    worst = np.zeros(max(map(len, found)))
    for curve in found:
        np.maximum(worst[: len(curve)], curve, out=worst[: len(curve)])
    return worst


def _settled(curve: NDArray[np.float64], share: float) -> int:
    """Find the distance from which on an error stays within a share of the peak."""
    beyond = np.flatnonzero(~(curve <= share))
    return int(beyond[-1]) + 1 if len(beyond) else 0


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
