"""Short-time spectra as convolutions with a fixed basis, so that any graph runtime has them."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def bins_up_to(upper_hz: float, fft_samples: int, sample_rate_hz: int) -> int:
    """How many of a spectrum's lowest bins lie at or below a frequency."""
    return math.floor(upper_hz * fft_samples / sample_rate_hz) + 1


def joined(frames: Tensor) -> Tensor:
    """Each frame's samples one after another: [batch, hop, frames] to [batch, 1, frames * hop]."""
    return frames.transpose(1, 2).flatten(1)[:, None]


def _angles(fft_samples: int, bins: int) -> Tensor:
    """Phase of each bin at each sample, 0 at the window's centre, [bins, fft] in radians."""
    time = torch.arange(fft_samples, dtype=torch.float64) - fft_samples // 2
    bin_numbers = torch.arange(bins, dtype=torch.float64)[:, None]
    return 2 * math.pi * bin_numbers * time / fft_samples


class Stft(nn.Module):
    """Spectra of frames whose centres are those of `InverseStft`, zeros beyond the ends.

    Phases are those at the window's centre, where a pulse has the same phase in every bin.
    """

    basis: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, bins: int) -> None:
        """Args:
        fft_samples: window and FFT length; the window is a periodic Hann.
        hop_samples: hop.
        bins: how many of the lowest bins are taken.
        """
        super().__init__()
        self.hop_samples = hop_samples
        self.pad_samples = (fft_samples - hop_samples) // 2
        window = torch.hann_window(fft_samples, periodic=True, dtype=torch.float64)
        angles = _angles(fft_samples, bins)
        basis = torch.cat([window * torch.cos(angles), -window * torch.sin(angles)])
        self.register_buffer("basis", basis[:, None].float(), persistent=False)

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Args:
            waveform: [batch, 1, frames * hop].

        Returns:
            Real and imaginary parts, each [batch, bins, frames].
        """
        spectrum = functional.conv1d(
            waveform, self.basis, stride=self.hop_samples, padding=self.pad_samples
        )
        real, imaginary = spectrum.chunk(2, dim=1)
        return real, imaginary


class InverseStft(nn.Module):
    """Overlap-add of windowed frames as a transposed convolution with a fixed basis.

    The counterpart of the runtime's spectrogram: a periodic Hann window, no centring, and
    `(fft - hop) / 2` samples dropped at each end, so that `frames` give `frames * hop` samples.
    Each is divided by the sum of squared windows that cover it (Griffin & Lim 1984, eq. 6). Phases
    are those at the window's centre, where a pulse has the same phase in every bin.
    """

    basis: Tensor
    envelope: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, bins: int) -> None:
        """Args:
        fft_samples: window and FFT length.
        hop_samples: hop.
        bins: how many of the lowest bins are given; the others are zero.
        """
        super().__init__()
        self.hop_samples = hop_samples
        self.trim_samples = (fft_samples - hop_samples) // 2
        window = torch.hann_window(fft_samples, periodic=True, dtype=torch.float64)
        angles = _angles(fft_samples, bins)
        weight = torch.full((bins, 1), 2.0, dtype=torch.float64)
        weight[0] = 1.0
        if bins == fft_samples // 2 + 1:
            weight[-1] = 1.0
        synthesis = weight * window / fft_samples
        basis = torch.cat([synthesis * torch.cos(angles), -synthesis * torch.sin(angles)])
        self.register_buffer("basis", basis[:, None].float(), persistent=False)
        self.register_buffer("envelope", (window**2)[None, None].float(), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Args:
            real: [batch, bins, frames].
            imaginary: [batch, bins, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        coefficients = torch.cat([real, imaginary], dim=1)
        once = torch.ones_like(real[:1, :1])
        overlapped, cover = (
            functional.conv_transpose1d(
                signal, kernel, stride=self.hop_samples, padding=self.trim_samples
            )
            for signal, kernel in ((coefficients, self.basis), (once, self.envelope))
        )
        return overlapped / cover


def minimum_phase(fft_samples: int, bins: int) -> Tensor:
    """The matrix that takes a log-magnitude to the phase of the minimum-phase filter that has it.

    By the real cepstrum (Oppenheim & Schafer, Discrete-Time Signal Processing, section 13.5): its
    causal part doubled is the complex cepstrum of that filter. Bins that are not given are taken
    to be as the last that is.

    Args:
        fft_samples: FFT length of the spectra.
        bins: how many of the lowest bins are given.

    Returns:
        [bins, bins]; times natural log-magnitudes [bins, ...] it gives radians.
    """
    last = fft_samples // 2
    every = torch.arange(last + 1, dtype=torch.float64)
    held = torch.zeros(last + 1, bins, dtype=torch.float64)
    held[torch.arange(last + 1), torch.arange(last + 1).clamp(max=bins - 1)] = 1.0
    share = torch.full((last + 1,), 2.0 / fft_samples, dtype=torch.float64)
    share[0] = share[last] = 1.0 / fft_samples
    quefrency = torch.arange(1, last, dtype=torch.float64)
    angles = 2 * math.pi * quefrency[:, None] * every / fft_samples
    cepstrum = (torch.cos(angles) * share) @ held
    return (-2 * torch.sin(angles[:, :bins]).T @ cepstrum).float()
