"""Muting of the result where the source is digitally silent."""

import numpy as np

from runtime.arrays import Waveform
from runtime.voice_activity import widen

SILENT_PEAK = 1e-4
"""Largest magnitude of a sample in a silent hop: -80 dBFS."""

HOLD_HOPS = 4
"""Hops left audible on each side of sound, because a network's output rings on."""

CONTEXT_HOPS = HOLD_HOPS + 2
"""Hops on each side that a hop's gain depends on."""


def silence_gain(
    source: Waveform,
    hop_samples: int,
    start_hop: int,
    stop_hop: int,
    *,
    hold_hops: int = HOLD_HOPS,
) -> Waveform:
    """Compute the gain of some hops: 1 where there is sound nearby, 0 in silence, ramps between.

    A hop's gain depends only on the source within `hold_hops` + 2 of it: `CONTEXT_HOPS`, unless
    the caller holds for longer or shorter.

    Args:
        source: Whole hops of the source, [hops * hop_samples].
        hop_samples: Length of a hop.
        start_hop: First hop that is wanted, counted within `source`.
        stop_hop: Hop after the last that is wanted.
        hold_hops: Hops left audible on each side of sound.

    Returns:
        Factors from 0 to 1, [(stop_hop - start_hop) * hop_samples], or [1] where all are equal.
    """
    hops = source.reshape(-1, hop_samples)
    sounding = np.maximum(hops.max(axis=1), -hops.min(axis=1)) > SILENT_PEAK
    is_open = widen(sounding, hold_hops)
    near = is_open[max(0, start_hop - 2) : stop_hop + 2]
    if near.all():
        return np.ones(1, np.float32)
    if not near.any():
        return np.zeros(1, np.float32)
    middles = (np.arange(len(is_open)) + 0.5) * hop_samples
    positions = np.arange(start_hop * hop_samples, stop_hop * hop_samples) + 0.5
    # ramps lie within the open hops, so that silence itself is exactly zero
    edges = is_open & np.append(is_open[1:], is_open[-1]) & np.append(is_open[0], is_open[:-1])
    gain: Waveform = np.interp(positions, middles, edges).astype(np.float32)
    return gain
