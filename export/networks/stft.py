"""Short-time spectra as products with a fixed basis, so that any graph runtime has them."""

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
    """Phase of each bin at the window's centre and after it, [bins, fft // 2] in radians."""
    time = torch.arange(fft_samples // 2, dtype=torch.float64)
    bin_numbers = torch.arange(bins, dtype=torch.float64)[:, None]
    return 2 * math.pi * bin_numbers * time / fft_samples


def _right_half(fft_samples: int) -> Tensor:
    """A periodic Hann window, even and 0 at its first sample, from its centre on, [fft // 2]."""
    window = torch.hann_window(fft_samples, periodic=True, dtype=torch.float64)
    return window[fft_samples // 2 :]


class Stft(nn.Module):
    """Spectra of frames whose centres are those of `InverseStft`, zeros beyond the ends.

    Phases are those at the window's centre, where a pulse has the same phase in every bin. About
    that centre the real part of a spectrum follows from the even part of a frame and the imaginary
    part from the odd one, so that both products have half the size.

    Args:
        fft_samples: Window and FFT length, a multiple of the hop; the window is a periodic Hann.
        hop_samples: Hop.
        bins: How many of the lowest bins are taken.
    """

    cosines: Tensor
    sines: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, bins: int) -> None:
        super().__init__()
        self.centre, self.hop_samples = fft_samples // 2, hop_samples
        self.overlaps = fft_samples // hop_samples - 1
        self.pad_samples = (fft_samples - hop_samples) // 2
        window, angles = _right_half(fft_samples), _angles(fft_samples, bins)
        cosines, sines = window * torch.cos(angles), -window * torch.sin(angles)
        self.register_buffer("cosines", cosines.float(), persistent=False)
        self.register_buffer("sines", sines[:, 1:].float(), persistent=False)

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the spectra.

        Args:
            waveform: [batch, 1, frames * hop].

        Returns:
            Real and imaginary parts, each [batch, bins, frames].
        """
        padded = functional.pad(waveform, (self.pad_samples, self.pad_samples)).squeeze(1)
        hops = torch.unflatten(padded, 1, (-1, self.hop_samples)).transpose(1, 2)
        count = hops.shape[2] - self.overlaps
        frames = torch.cat([hops[..., k : k + count] for k in range(self.overlaps + 1)], 1)
        centre, after = frames[:, self.centre : self.centre + 1], frames[:, self.centre + 1 :]
        before = torch.flip(frames[:, 1 : self.centre], (1,))
        real = torch.matmul(self.cosines, torch.cat([centre, after + before], 1))
        return real, torch.matmul(self.sines, after - before)


class InverseStft(nn.Module):
    """Overlap-add of windowed frames.

    The counterpart of the runtime's spectrogram: a periodic Hann window, no centring, and
    `(fft - hop) / 2` samples dropped at each end, so that `frames` give `frames * hop` samples.
    Each is divided by the sum of squared windows that cover it (Griffin & Lim 1984, eq. 6). Phases
    are those at the window's centre, as in `Stft`, with products of half the size as there.

    Args:
        fft_samples: Window and FFT length, a multiple of the hop.
        hop_samples: Hop.
        bins: How many of the lowest bins are given; the others are zero.
    """

    cosines: Tensor
    sines: Tensor
    cover: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, bins: int) -> None:
        super().__init__()
        self.hop_samples, self.overlaps = hop_samples, fft_samples // hop_samples - 1
        self.trim_samples = (fft_samples - hop_samples) // 2
        window, angles = _right_half(fft_samples), _angles(fft_samples, bins)
        weight = torch.full((bins, 1), 2.0, dtype=torch.float64)
        weight[0] = 1.0
        if bins == fft_samples // 2 + 1:
            weight[-1] = 1.0
        synthesis = weight * window / fft_samples
        cosines, sines = synthesis * torch.cos(angles), -synthesis * torch.sin(angles)
        self.register_buffer("cosines", cosines.T.float(), persistent=False)
        self.register_buffer("sines", sines[:, 1:].T.float(), persistent=False)
        whole = torch.hann_window(fft_samples, periodic=True, dtype=torch.float64)
        cover = (whole**2).reshape(self.overlaps + 1, hop_samples).T
        self.register_buffer("cover", cover.float(), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Synthesise a waveform.

        Args:
            real: [batch, bins, frames].
            imaginary: [batch, bins, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        even, odd = torch.matmul(self.cosines, real), torch.matmul(self.sines, imaginary)
        centre, beside = even[:, :1], even[:, 1:]
        before = torch.flip(beside - odd, (1,))
        frames = functional.pad(torch.cat([before, centre, beside + odd], 1), (0, 0, 1, 0))
        hops = torch.split(frames, self.hop_samples, dim=1)
        added = torch.stack([self._shifted(hop, k) for k, hop in enumerate(hops)]).sum(0)
        once = real.new_ones(1, 1, real.shape[2])
        present = torch.cat([self._shifted(once, k) for k in range(self.overlaps + 1)], 1)
        overlapped = (added / torch.matmul(self.cover, present)).transpose(1, 2).flatten(1)
        return overlapped[:, None, self.trim_samples : -self.trim_samples]

    def _shifted(self, signal: Tensor, hops: int) -> Tensor:
        """Delay [..., frames] by hops within the length of all that overlap."""
        return functional.pad(signal, (hops, self.overlaps - hops))


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
