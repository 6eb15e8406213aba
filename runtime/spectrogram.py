"""Linear magnitude spectrogram that the networks take as input.

Frames are not centred: the signal is extended by (fft - hop) / 2 samples on each side, so that
a signal of `n * hop` samples has exactly `n` frames (the convention of VITS, Kim et al. 2021).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Spectrogram, Waveform
from runtime.manifest import Manifest

POWER_FLOOR = 1e-6
"""Constant added to each squared magnitude, which keeps the square root's slope finite."""

_BLOCK_FRAMES = 128


@dataclass(frozen=True)
class SpectrogramTransform:
    """Transform of waveforms into spectrograms.

    Attributes:
        sample_rate_hz: Sample rate of the waveforms.
        fft_samples: Length of the Fourier transform and of its Hann window.
        hop_samples: Number of samples from one frame to the next.
        bandwidth_hz: Frequency above which bins are set to the floor.
    """

    sample_rate_hz: int
    fft_samples: int
    hop_samples: int
    bandwidth_hz: float

    @classmethod
    def of(cls, manifest: Manifest) -> "SpectrogramTransform":
        """Return the transform that a model's manifest specifies."""
        return cls(
            manifest.sample_rate_hz,
            manifest.fft_samples,
            manifest.hop_samples,
            manifest.input_bandwidth_hz,
        )

    @property
    def bins(self) -> int:
        """Number of frequencies in a frame."""
        return self.fft_samples // 2 + 1

    @property
    def pad_samples(self) -> int:
        """Number of samples by which the signal is extended on each side."""
        return (self.fft_samples - self.hop_samples) // 2

    @property
    def minimum_frames(self) -> int:
        """Frames of the shortest signal that is long enough to be reflected at its ends."""
        return self.pad_samples // self.hop_samples + 1

    def frames(self, samples: int) -> int:
        """Count the frames of a clip whose last frame is filled up with zeros."""
        return max(self.minimum_frames, math.ceil(samples / self.hop_samples))

    def __call__(self, waveform: Waveform) -> Spectrogram:
        """Transform a whole clip.

        Args:
            waveform: Clip of at least `minimum_frames` hops, [samples].

        Returns:
            Magnitudes sqrt(re^2 + im^2 + 1e-6), [bins, samples // hop].
        """
        return self.of_padded(np.pad(waveform, self.pad_samples, mode="reflect"))

    def of_padded(self, padded: Waveform) -> Spectrogram:
        """Transform part of a clip that includes the samples before and after its frames.

        Args:
            padded: Samples from `pad_samples` before the first frame's hop,
                [frames * hop + fft - hop].

        Returns:
            Magnitudes, [bins, frames].
        """
        segments = np.lib.stride_tricks.sliding_window_view(padded, self.fft_samples)
        segments = segments[:: self.hop_samples]
        result = np.empty((self.bins, len(segments)), np.float32)
        kept = self._kept_bins
        result[kept:] = math.sqrt(POWER_FLOOR)
        # small blocks stay in the processor's cache
        for start in range(0, len(segments), _BLOCK_FRAMES):
            block = segments[start : start + _BLOCK_FRAMES]
            spectrum = np.fft.rfft(block * self._hann)[:, :kept]
            power = spectrum.real**2
            power += spectrum.imag**2
            power += np.float32(POWER_FLOOR)
            result[:kept, start : start + len(block)] = np.sqrt(power, out=power).T
        return result

    @cached_property
    def _hann(self) -> NDArray[np.float32]:
        phase = 2 * np.pi * np.arange(self.fft_samples) / self.fft_samples
        return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)

    @cached_property
    def _kept_bins(self) -> int:
        return math.floor(self.bandwidth_hz * self.fft_samples / self.sample_rate_hz) + 1
