"""The low frequencies of a clip as a complex spectrogram, and back."""

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.marking.manifest import WatermarkManifest

Subband = NDArray[np.complex64]
"""Complex spectrogram of the frequencies that carry the watermark: [frames, bins]."""


class SubbandTransform:
    """Short-time Fourier transform of the frequencies that carry the watermark, and its inverse.

    Frame `n` covers the `fft_samples` samples from sample `n * hop_samples` on.

    Args:
        manifest: Description of the watermark.

    Attributes:
        fft_samples: Length of a frame.
        hop_samples: Number of samples from one frame to the next.
        bins: Number of frequencies.
    """

    def __init__(self, manifest: WatermarkManifest) -> None:
        self.fft_samples = manifest.fft_samples
        self.hop_samples = manifest.hop_samples
        self.bins = manifest.bins
        self._floor_db = manifest.floor_db
        self._range_db = manifest.ceiling_db - manifest.floor_db
        phase = 2 * np.pi * np.arange(manifest.fft_samples) / manifest.fft_samples
        hann = 0.5 - 0.5 * np.cos(phase)
        self._analysis_window = (hann * manifest.magnitude_scale).astype(np.float32)
        # squared Hann windows at this hop add up to a constant
        overlap = 3 / 8 * manifest.fft_samples / manifest.hop_samples
        self._synthesis_window = (hann / (overlap * manifest.magnitude_scale)).astype(np.float32)

    def count(self, samples: int) -> int:
        """Count the frames that some samples fill."""
        return max(0, (samples - self.fft_samples) // self.hop_samples + 1)

    def frames(self, samples: Waveform) -> Subband:
        """Compute every frame that the samples fill.

        Args:
            samples: Samples at the manifest's rate, [samples].

        Returns:
            Complex spectrum, [frames, bins].
        """
        if not self.count(len(samples)):
            return np.zeros((0, self.bins), np.complex64)
        segments = np.lib.stride_tricks.sliding_window_view(samples, self.fft_samples)
        spectrum = np.fft.rfft(segments[:: self.hop_samples] * self._analysis_window)
        return np.ascontiguousarray(spectrum[:, : self.bins])

    def samples(self, spectrum: Subband) -> Waveform:
        """Turn frames in a row back into samples, overlapped and added.

        Args:
            spectrum: Complex spectrum, [frames, bins].

        Returns:
            Samples from the first frame's first one, [(frames - 1) * hop + fft].
        """
        segments = np.fft.irfft(spectrum, self.fft_samples) * self._synthesis_window
        count, hop = len(segments), self.hop_samples
        pieces = -(-self.fft_samples // hop)
        result = np.zeros((count - 1 + pieces, hop), np.float32)
        for piece in range(pieces):
            part = segments[:, piece * hop : (piece + 1) * hop]
            result[piece : piece + count, : part.shape[1]] += part
        return result.reshape(-1)[: (count - 1) * hop + self.fft_samples]

    def levels(self, spectrum: Subband) -> NDArray[np.float32]:
        """Give the magnitudes as the networks take them.

        Args:
            spectrum: Complex spectrum, [frames, bins].

        Returns:
            Levels, [1, bins, frames]: 0 at the manifest's floor, 1 at its ceiling.
        """
        floor = np.float32(10 ** (self._floor_db / 20))
        levels = np.log10(np.maximum(np.abs(spectrum.T), floor))
        levels *= np.float32(20 / self._range_db)
        levels -= np.float32(self._floor_db / self._range_db)
        return levels[np.newaxis]

    def factors(self, change: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn changes of levels into factors of magnitudes.

        Args:
            change: Differences of levels, [1, bins, frames].

        Returns:
            Factors, [frames, bins].
        """
        factor = np.float32(self._range_db / 20 * np.log(10))
        factors: NDArray[np.float32] = np.exp(change[0].T * factor)
        return factors
