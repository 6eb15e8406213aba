"""How many frames around an output frame matter, by tolerance, measured on speech."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.interface import PHASE, Inputs, window_inputs
from runtime.manifest import EXACT, TOLERANCES
from runtime.sessions import Graph

# Many, since an error may depend on whether the cut falls into a voiced sound.
CUTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

Sides = tuple[int, int]


def receptive_fields(
    graph: Graph,
    clips: Sequence[Inputs],
    exact: Sides,
    hop_samples: int,
    cuts: Sequence[float] = CUTS,
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
        cuts: Places where a clip is cut, as shares of its length.

    Returns:
        Frames before, and frames after, by tolerance: `exact`, then those of `TOLERANCES`.
    """
    errors = [
        error for clip in clips for error in _edge_errors(graph, clip, exact, hop_samples, cuts)
    ]
    sides = []
    for side, limit in enumerate(exact):
        curve = _worst(error[side] for error in errors)
        sides.append(
            {
                EXACT: limit,
                **{name: min(limit, _settled(curve, share)) for name, share in TOLERANCES.items()},
            }
        )
    return sides[0], sides[1]


def _edge_errors(
    graph: Graph, clip: Inputs, exact: Sides, hop_samples: int, cuts: Sequence[float]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Give the errors of the part after each cut and of the part before it, by distance."""
    frames = clip["spectrogram"].shape[2]
    outputs = graph.run_all(**clip)
    whole, phase = outputs[graph.interface.output][0, 0], outputs.get(PHASE)
    peak = float(np.abs(whole).max())

    def errors(start: int, stop: int, known_stop: int) -> NDArray[np.float64]:
        part = window_inputs(clip, start, stop, phase, known_stop)
        wanted = whole[start * hop_samples : stop * hop_samples]
        difference = np.abs(graph.run(**part)[0, 0].astype(np.float64) - wanted) / peak
        worst: NDArray[np.float64] = difference.reshape(-1, hop_samples).max(1)
        return worst

    before, after = exact
    for share in cuts:
        cut = round(share * frames)
        # As long that the part's other end changes nothing within the receptive field of the cut.
        stop, start = min(frames, cut + before + after), max(0, cut - before - after)
        # A window is told the phases of its context; those of the frames that it keeps depend on
        # what it looks ahead to.
        after_cut = errors(cut, stop, stop)[:before]
        before_cut = errors(start, cut, max(start, cut - after))[::-1][:after]
        yield after_cut, before_cut


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
