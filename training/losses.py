"""Losses on spectra, on a recogniser's features and on speaker embeddings."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.filters import mel_filters
from training.recordings import HOP_SAMPLES
from training.speech import SAMPLE_RATE_HZ

RESOLUTIONS = ((2048, 512, 100), (1024, 256, 80), (512, 128, 56), (256, 64, 32))
"""FFT length, hop and mel bands of each spectral loss."""
FLOOR = 1e-3
FFT_SAMPLES = 1024


def magnitude(waveform: Tensor, window: Tensor, hop_samples: int) -> Tensor:
    """The runtime's spectrogram of a waveform that brings its own margins.

    Args:
        waveform: [batch, samples].
        window: Window as long as the FFT, [fft].
        hop_samples: Hop.

    Returns:
        Magnitude, [batch, fft // 2 + 1, frames].
    """
    spectrum = torch.stft(
        waveform, len(window), hop_samples, window=window, center=False, return_complex=True
    )
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-6)


def spectrogram_of(waveform: Tensor) -> Tensor:
    """Give the spectrogram that the networks take, [batch, 513, frames]; see `magnitude`."""
    return magnitude(waveform, torch.hann_window(FFT_SAMPLES), HOP_SAMPLES)


class SpectralLoss(nn.Module):
    """Mean absolute difference of log-mel spectrograms at several resolutions.

    Args:
        upper_hz: Frequency where the bands end.
    """

    def __init__(self, upper_hz: float) -> None:
        super().__init__()
        for fft_samples, _, bands in RESOLUTIONS:
            filters = mel_filters(SAMPLE_RATE_HZ, fft_samples, bands, upper_hz)
            self.register_buffer(f"filters_{fft_samples}", filters, persistent=False)
            window = torch.hann_window(fft_samples)
            self.register_buffer(f"window_{fft_samples}", window, persistent=False)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Compare waveforms.

        Args:
            made: [batch, samples].
            wanted: [batch, samples].

        Returns:
            The distance in nepers, averaged over resolutions, a scalar.
        """
        total = made.new_zeros(())
        for fft_samples, hop_samples, _ in RESOLUTIONS:
            filters = self.get_buffer(f"filters_{fft_samples}")
            window = self.get_buffer(f"window_{fft_samples}")
            # Windows of every length are scaled to the level of the 1024-sample one.
            scale = FFT_SAMPLES / fft_samples
            is_made, is_wanted = (
                torch.log(torch.matmul(filters, magnitude(w, window, hop_samples)) * scale + FLOOR)
                for w in (made, wanted)
            )
            total = total + functional.l1_loss(is_made, is_wanted)
        return total / len(RESOLUTIONS)


def misheard(made: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Tell how far two recordings are apart to a recogniser.

    Args:
        made: Features of one, each [batch, frames, channels].
        wanted: Features of the other.

    Returns:
        The mean absolute difference as a share of the mean absolute value, averaged over the
        features that are given, a scalar.
    """
    shares = [
        (one - other).abs().mean() / other.abs().mean()
        for one, other in zip(made, wanted, strict=True)
    ]
    return torch.stack(shares).mean()


def mistaken(made: Tensor, target: Tensor, source: Tensor, margin: float) -> Tensor:
    """Tell how far conversions are from sounding like the target to a speaker encoder.

    Args:
        made: Unit embeddings of the conversions, [batch, dimension].
        target: Unit embeddings of whom they should sound like, same shape.
        source: Unit embeddings of whom they were made from, same shape.
        margin: How much nearer to the target than to the source they have to be.

    Returns:
        One less the similarity to the target, and what is missing of the margin, a scalar.
    """
    to_target, to_source = (made * target).sum(1), (made * source).sum(1)
    loss: Tensor = (1 - to_target + functional.relu(to_source - to_target + margin)).mean()
    return loss
