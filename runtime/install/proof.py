"""What a poured model has to show on the machine: it re-synthesises a shipped sample."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.cloner import VoiceCloner
from runtime.install.errors import ProofFailed
from runtime.spectrogram import SpectrogramTransform
from runtime.voice_activity import hop_energies, loudest_energy, voiced_hops

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SAMPLE = SAMPLES / "scottish-man.wav"
EXCERPT_SECONDS = 2.0
# Mean square below which nothing can be heard: -60 dBFS.
SILENT_MEAN_SQUARE = 1e-6
MEL_BANDS = 80
# The compact model's input ends here, and what it was measured on must count for all.
HIGHEST_HZ = 8000.0
FLOOR_DB = 60.0
# The first 2 s of the shipped samples, measured so: 2.9 to 5.1 dB by the compact model, 13 to 14 dB
# by weights drawn at random, 17 to 21 dB by white noise. This is twice the compact model's worst.
WARNING_DB = 10.0


@dataclass(frozen=True)
class Proof:
    """What a model made of the sample at tau 0.

    Args:
        distance_db: Mean absolute log-mel difference to the source over voiced frames.
        level_db: Root mean square of the output, dB of full scale.
    """

    distance_db: float
    level_db: float

    @property
    def warning(self) -> str | None:
        """What is doubtful about the result, or None."""
        if self.distance_db <= WARNING_DB:
            return None
        return (
            f"at tau 0 its output is {self.distance_db:.1f} dB from the source, where a trained "
            f"model stays below {WARNING_DB:g} dB: these weights may not be a trained converter's"
        )

    def figures(self) -> dict[str, Any]:
        """Give what the manifest keeps of it."""
        return {
            "sample": SAMPLE.name,
            "log_mel_distance_at_tau_0_db": round(self.distance_db, 2),
            "warning_above_db": WARNING_DB,
            "level_db": round(self.level_db, 1),
            "warning": self.warning,
        }


def prove(cloner: VoiceCloner) -> Proof:
    """Convert the sample's beginning to its own voice, in windows as the server does.

    Args:
        cloner: The model.

    Returns:
        What came of it.

    Raises:
        ProofFailed: the output is silent or not finite.
    """
    source = cloner.decode(SAMPLE.read_bytes())
    source = source[: round(EXCERPT_SECONDS * cloner.sample_rate_hz)]
    tone = cloner.tone(source)
    if not np.isfinite(tone).all():
        raise ProofFailed("the tone of a sample is not finite")
    output = cloner.convert(source, tone, tone, tau=0.0, temperature=0.0, seed=0)
    if not np.isfinite(output).all():
        raise ProofFailed("its output for a sample is not finite")
    mean_square = float(np.square(output, dtype=np.float64).mean())
    if mean_square < SILENT_MEAN_SQUARE:
        raise ProofFailed("its output for a sample is silent")
    return Proof(log_mel_distance_db(source, output, cloner), 10 * float(np.log10(mean_square)))


def log_mel_distance_db(source: Waveform, output: Waveform, cloner: VoiceCloner) -> float:
    """Measure how far two recordings of the same words are apart.

    Args:
        source: One, [samples].
        output: The other, as long.
        cloner: The model, for its frames.

    Returns:
        Mean absolute difference of log-mel magnitudes over the source's voiced frames, in dB, each
        clip's range cut off 60 dB below its loudest band. A difference in level alone counts too.
    """
    manifest = cloner.manifest
    transform = SpectrogramTransform(
        manifest.sample_rate_hz, manifest.fft_samples, manifest.hop_samples, HIGHEST_HZ
    )
    filters = mel_filters(transform)
    whole = len(source) // manifest.hop_samples * manifest.hop_samples
    levels = []
    for clip in (source[:whole], output[:whole]):
        mel = filters @ transform(clip)
        decibels = 20 * np.log10(np.maximum(mel, 1e-9))
        levels.append(np.maximum(decibels, decibels.max() - FLOOR_DB))
    energies = hop_energies(source[:whole], manifest.hop_samples)
    voiced = voiced_hops(energies, loudest_energy(energies), margin_hops=0)
    return float(np.abs(levels[0] - levels[1])[:, voiced].mean())


def mel_filters(transform: SpectrogramTransform) -> NDArray[np.float32]:
    """Make triangular filters, evenly spaced in mel (O'Shaughnessy 1987): [bands, bins]."""
    highest_mel = 2595 * np.log10(1 + transform.bandwidth_hz / 700)
    edges_hz = 700 * (10 ** (np.linspace(0, highest_mel, MEL_BANDS + 2) / 2595) - 1)
    bins_hz = np.arange(transform.bins) * transform.sample_rate_hz / transform.fft_samples
    low, middle, high = (edges_hz[start : start + MEL_BANDS, np.newaxis] for start in range(3))
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    filters = np.maximum(0, np.minimum(rising, falling))
    # the lowest bands are narrower than a bin: each takes the bin that it lies in
    nearest = np.rint(middle[:, 0] / bins_hz[1]).astype(int)
    empty = filters.sum(axis=1) == 0
    filters[empty, nearest[empty]] = 1
    result: NDArray[np.float32] = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
