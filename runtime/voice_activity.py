"""Voice activity: which hops of a clip hold a voice, and warnings about clips that clone badly."""

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.manifest import Manifest

SILENCE_FLOOR = 1e-7
"""Mean square below which a hop is never voice: -70 dBFS."""

RELATIVE_FLOOR = 1e-4
"""Mean square, as a share of the loudest moment's, below which a hop is silence: -40 dB."""

MARGIN_SECONDS = 0.1
"""Silence kept on each side of a voice; pauses of up to twice this are kept whole."""

SHORT_SECONDS = 2.0
QUIET_MEAN_SQUARE = 1e-4
CLIPPED_LEVEL = 0.99
CLIPPED_SHARE = 1e-3
VOICED_SHARE = 0.5

_LOUDEST_HOPS = 5


def hop_energies(waveform: Waveform, hop_samples: int) -> NDArray[np.float32]:
    """Compute the mean square of each hop.

    Args:
        waveform: Whole hops, [hops * hop_samples].
        hop_samples: Length of a hop.

    Returns:
        Mean squares, [hops].
    """
    hops = waveform.reshape(-1, hop_samples)
    energies: NDArray[np.float32] = np.einsum("ij,ij->i", hops, hops) / np.float32(hop_samples)
    return energies


def loudest_energy(energies: NDArray[np.float32]) -> float:
    """Return the mean square of the loudest few hops in a row, which a click cannot dominate."""
    width = min(_LOUDEST_HOPS, len(energies))
    return float(np.convolve(energies, np.full(width, 1 / width), mode="valid").max())


def voiced_hops(
    energies: NDArray[np.float32], loudest: float, margin_hops: int
) -> NDArray[np.bool_]:
    """Select the hops to keep: those that are loud enough, and a margin around them.

    Args:
        energies: Mean squares, [hops].
        loudest: Mean square that they are compared with.
        margin_hops: Hops kept on each side.

    Returns:
        Mask, [hops].
    """
    loud = energies > max(SILENCE_FLOOR, loudest * RELATIVE_FLOOR)
    return widen(loud, margin_hops)


def margin_hops(sample_rate_hz: int, hop_samples: int) -> int:
    """Return the margin kept around a voice, in hops."""
    return round(MARGIN_SECONDS * sample_rate_hz / hop_samples)


def widen(mask: NDArray[np.bool_], hops: int) -> NDArray[np.bool_]:
    """Extend each set hop of a mask by a number of hops on both sides."""
    counts = np.concatenate(([0], np.cumsum(np.pad(mask, hops))))
    widened: NDArray[np.bool_] = counts[2 * hops + 1 :] > counts[: len(mask)]
    return widened


def voice_warnings(waveform: Waveform, manifest: Manifest) -> list[str]:
    """List what would hurt a clone of the voice in a clip.

    Args:
        waveform: Clip, [samples].
        manifest: Description of the model that the clip is for.

    Returns:
        Any of `short` (less than 2 s of voice), `quiet` (the voice is below -40 dBFS),
        `clipped` (more than one sample in a thousand is at full scale) and
        `mostly_silence` (less than half of the clip is voice).
    """
    hop = manifest.hop_samples
    energies = hop_energies(np.pad(waveform, (0, -len(waveform) % hop)), hop)
    if not len(energies):
        return ["short", "mostly_silence"]
    voiced = voiced_hops(
        energies, loudest_energy(energies), margin_hops(manifest.sample_rate_hz, hop)
    )
    voiced_seconds = min(int(voiced.sum()) * hop, len(waveform)) / manifest.sample_rate_hz
    found = {
        "short": voiced_seconds < SHORT_SECONDS,
        "quiet": not voiced.any() or float(energies[voiced].mean()) < QUIET_MEAN_SQUARE,
        "clipped": float(np.mean(np.abs(waveform) >= CLIPPED_LEVEL)) > CLIPPED_SHARE,
        "mostly_silence": float(voiced.mean()) < VOICED_SHARE,
    }
    return [name for name, holds in found.items() if holds]
